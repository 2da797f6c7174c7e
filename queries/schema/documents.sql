-- documents: the lists of steps inside planning tools' arguments, whatever the tool calls its keys.

-- valid_json: a text if it is JSON. DuckDB moves an expression that is written twice in front of a
-- CASE that would have kept it from failing; what is made from this cannot fail.
CREATE OR REPLACE MACRO valid_json(content) AS CASE WHEN json_valid(content) THEN content END;

-- unwrapped: the JSON inside a JSON string, or the text as it is.
CREATE OR REPLACE MACRO unwrapped(content) AS
  CASE WHEN content LIKE '"%' AND json_valid(content) THEN content ->> '$' ELSE content END;

-- readable: the text that JSON's escapes stand for, or the text as it is.
CREATE OR REPLACE MACRO readable(escaped) AS
  coalesce(valid_json('"' || escaped || '"') ->> '$', escaped);

-- whole_items: the items still whole in a text that a length limit cut, as a JSON list.
CREATE OR REPLACE MACRO whole_items(content) AS
  '[' || array_to_string(list_filter(
    regexp_extract_all(content, '\{[^{}]*"(?:content|step|title|description)"[^{}]*\}'),
    lambda item: json_valid(item)
  ), ',') || ']';

-- text_in: the text under a key, also in JSON that a length limit cut in the middle of it.
CREATE OR REPLACE MACRO text_in(content, name) AS
  CASE
    WHEN json_valid(content) THEN valid_json(content) ->> ('$.' || name)
    ELSE nullif(readable(regexp_extract(
      content, '"' || name || '"\s*:\s*"((?:[^"\\]|\\.)*)', 1)), '')
  END;

-- markdown_lines: the lines of a Markdown text that are items of lists. steps_in_lines: those of
-- them
-- that are steps, as a JSON list: the check boxes if there are any, else the numbered items of the
-- outermost level, else the others there. NULL for no lines.
CREATE OR REPLACE MACRO markdown_lines(content) AS
  regexp_extract_all(content, '(?m)^[ \t]*(?:[-*+]|[0-9]+[.)])[ \t]+[^\s][^\n]*');
CREATE OR REPLACE MACRO steps_in_lines(lines) AS
  CASE WHEN len(lines) > 0 THEN CAST(to_json(list_transform(
    list_filter(lines, lambda line: regexp_matches(line, CASE
      WHEN regexp_matches(array_to_string(lines, chr(10)), '(?m)^\s*\S+\s+\[[ xX~/>-]?\]\s')
        THEN '^\s*\S+\s+\[[ xX~/>-]?\]\s'
      WHEN regexp_matches(array_to_string(lines, chr(10)), '(?m)^[0-9]') THEN '^[0-9]'
      ELSE '^[-*+]'
    END)),
    lambda line: {
      'content': trim(regexp_replace(line, '^\s*\S+\s+(?:\[.?\]\s+)?|\[[0-9]+ chars\]$', '', 'g')),
      'status': CASE regexp_extract(line, '^\s*\S+\s+\[(.)\]\s', 1)
        WHEN 'x' THEN 'completed'
        WHEN 'X' THEN 'completed'
        WHEN '~' THEN 'in_progress'
        WHEN '/' THEN 'in_progress'
        WHEN '>' THEN 'in_progress'
        WHEN '-' THEN 'cancelled'
        ELSE 'pending'
      END
    }
  )) AS VARCHAR) END;

-- list_in: what is under the first known key, or the text if it is a list itself; NULL for none.
-- What is there may be a list inside a string, or a check list in Markdown.
CREATE OR REPLACE MACRO list_in(content) AS
  CASE
    WHEN NOT json_valid(content) THEN nullif(whole_items(content), '[]')
    WHEN ltrim(content) LIKE '[%' THEN content
    ELSE coalesce(
      valid_json(content) -> '$.todos', valid_json(content) -> '$.plan',
      valid_json(content) -> '$.todoList', valid_json(content) -> '$.steps',
      valid_json(content) -> '$.tasks', valid_json(content) -> '$.items',
      valid_json(content) -> '$.args.todos', valid_json(content) -> '$.args.plan',
      valid_json(content) -> '$.content'
    )
  END;

-- steps_of: the items of such a list with every key that may hold an id, a title or a status. NULL,
-- not empty, when it is no list: a reader must not take that for "all steps dropped".
CREATE OR REPLACE MACRO steps_of(json_list) AS
  json_transform(json_list, '[{
    "id": "VARCHAR", "step_id": "VARCHAR",
    "title": "VARCHAR", "content": "VARCHAR", "step": "VARCHAR", "subject": "VARCHAR",
    "description": "VARCHAR", "text": "VARCHAR", "name": "VARCHAR",
    "status": "VARCHAR", "state": "VARCHAR",
    "is_complete": "VARCHAR", "completed": "VARCHAR", "done": "VARCHAR"
  }]');

-- failure_in: the error a tool's result tells of, NULL if it tells of none. LangChain writes a
-- message with a status, MCP a flag, Gemini and goose {"error": text}; Codex, the Agents SDK and
-- others only a text, of which no more than the beginning is trusted: a good result may speak of
-- errors too.
CREATE OR REPLACE MACRO failure_in(result) AS
  CASE
    WHEN result LIKE '{%' AND json_valid(result) THEN CASE
      WHEN result ->> '$.data.status' = 'error' THEN coalesce(result ->> '$.data.content', 'failed')
      WHEN result ->> '$.status' = 'error'
        THEN coalesce(result ->> '$.content', result ->> '$.value.content[0].text', 'failed')
      WHEN result ->> '$.output.kwargs.status' = 'error'
        THEN coalesce(result ->> '$.output.kwargs.content', 'failed')
      WHEN result ->> '$.output.status' = 'error'
        THEN coalesce(result ->> '$.output.content', 'failed')
      WHEN result ->> '$.is_error' = 'true' THEN coalesce(result ->> '$.blocks[0].text', 'failed')
      WHEN result ->> '$.tool_output.is_error' = 'true'
        THEN coalesce(result ->> '$.tool_output.blocks[0].text', 'failed')
      WHEN json_keys(valid_json(result)) = ['error'] THEN coalesce(result ->> '$.error', 'failed')
      WHEN result ->> '$.isError' = 'true' THEN coalesce(result ->> '$.content[0].text', 'failed')
    END
    WHEN regexp_matches(
      result,
      '^([A-Za-z_.]*(Error|Exception): |An error occurred while running|Error (invoking|executing) tool'
      || '|failed to parse function arguments)'
    ) THEN result
  END;

-- explanation_in: why the plan changed, where the tool has a word for it.
CREATE OR REPLACE MACRO explanation_in(content) AS
  CASE WHEN json_valid(content) THEN content ->> '$.explanation' END;

-- claude_event: Claude Code's event without the prefix that the log's body has and older versions
-- put in front of the name too. claude_text: JSON behind a label such as "[TOOL INPUT: X]".
-- claude_agent: the main agent, or one of its sub-agents by id. claude_tool: the tool's full name
-- where the record hides that of an MCP tool.
CREATE OR REPLACE MACRO claude_event(event_name) AS replace(event_name, 'claude_code.', '');
CREATE OR REPLACE MACRO claude_text(content) AS
  CASE WHEN content LIKE '[TOOL %' THEN regexp_replace(content, '^\[TOOL [A-Z]+: [^\]]*\]\s*', '')
    ELSE content END;
CREATE OR REPLACE MACRO claude_agent(attributes) AS
  concat_ws('/', 'claude-code', nullif(attributes['agent_id'], ''));
CREATE OR REPLACE MACRO claude_tool(tool, parameters) AS
  CASE WHEN tool = 'mcp_tool' THEN coalesce(
    'mcp__' || text_in(parameters, 'mcp_server_name')
      || '__' || text_in(parameters, 'mcp_tool_name'),
    tool
  ) ELSE tool END;
