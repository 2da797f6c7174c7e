-- calls: what the spans of model and tool calls have in common, whoever wrote them.

-- is_model_call: the operations of one call of a model; agents' and workflows' totals are none.
CREATE OR REPLACE MACRO is_model_call(operation) AS
  operation = 'chat' OR operation = 'text_completion' OR operation = 'generate_content'
  OR operation = 'embeddings' OR operation = 'completion' OR operation = 'embedding';

-- with_cache: input tokens with the provider's cache. Conventions say that it is included; a count
-- smaller than its parts is of an emitter that passed on what Anthropic's API says.
CREATE OR REPLACE MACRO with_cache(input, cache_read, cache_write) AS
  CASE WHEN input < coalesce(cache_read, 0) + coalesce(cache_write, 0)
    THEN input + coalesce(cache_read, 0) + coalesce(cache_write, 0) ELSE input END;

-- exception_in: the message of the last exception among a span's events.
CREATE OR REPLACE MACRO exception_in(events) AS
  list_filter(events, lambda event: event.name = 'exception')[-1].attributes['exception.message'];

-- in_event: an attribute of the last event of that name that has it.
CREATE OR REPLACE MACRO in_event(events, event_name, key) AS
  list_filter(
    events, lambda event: event.name = event_name AND event.attributes[key] IS NOT NULL
  )[-1].attributes[key];

-- at_path: what is at a path of a JSON text; NULL for any other text.
CREATE OR REPLACE MACRO at_path(content, place) AS
  CASE WHEN json_valid(content) THEN content END ->> place;

-- block_texts: the text of a list of content blocks ([{"text": …}]), or the content as it is.
CREATE OR REPLACE MACRO block_texts(content) AS
  coalesce(
    CASE WHEN content LIKE '[{"text"%' THEN
      array_to_string(CASE WHEN json_valid(content) THEN content END ->> '$[*].text', chr(10)) END,
    content
  );

-- lc_content: the content of a tool message as LangChain serializes it, the text if it is none.
-- lc_call_id: the call it answers.
CREATE OR REPLACE MACRO lc_content(content) AS
  coalesce(
    at_path(content, '$.output.kwargs.content'), at_path(content, '$.output.content'),
    at_path(content, '$.output.update.messages[0].kwargs.content'),
    at_path(content, '$.kwargs.content'), at_path(content, '$.data.content'),
    at_path(content, '$.output'), content
  );
CREATE OR REPLACE MACRO lc_call_id(content) AS
  coalesce(
    at_path(content, '$.output.kwargs.tool_call_id'), at_path(content, '$.output.tool_call_id'),
    at_path(content, '$.kwargs.tool_call_id'), at_path(content, '$.data.tool_call_id')
  );

-- lc_arguments: a tool's arguments inside what LangChain or a decorator records about the call.
CREATE OR REPLACE MACRO lc_arguments(content) AS
  coalesce(
    at_path(content, '$.inputs'), at_path(content, '$.input'), at_path(content, '$.input_str'),
    CASE WHEN at_path(content, '$.args') = '[]' THEN at_path(content, '$.kwargs') END, content
  );

-- own_key: the id that all records of one call have. turn_of: the id that all records of one turn
-- of a conversation have, with agents that count turns.
CREATE OR REPLACE MACRO own_key(tool_call_id, response_id, attributes) AS
  coalesce(tool_call_id, response_id, attributes['request_id']);
CREATE OR REPLACE MACRO turn_of(attributes) AS
  coalesce(attributes['prompt.id'], attributes['prompt_id'],
    attributes['github.copilot.interaction_id']);
