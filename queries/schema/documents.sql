-- documents: the lists of steps inside planning tools' arguments, whatever the tool calls its keys.

-- unwrapped: the JSON inside a JSON string, or the text as it is.
CREATE OR REPLACE MACRO unwrapped(content) AS
  CASE WHEN content LIKE '"%' AND json_valid(content) THEN content ->> '$' ELSE content END;

-- whole_items: the items still whole in a text that a length limit cut, as a JSON list.
CREATE OR REPLACE MACRO whole_items(content) AS
  '[' || array_to_string(list_filter(
    regexp_extract_all(content, '\{[^{}]*"(?:content|step|title|description)"[^{}]*\}'),
    lambda item: json_valid(item)
  ), ',') || ']';

-- list_in: the first list under a known key, or the text if it is a list itself; NULL for none.
CREATE OR REPLACE MACRO list_in(content) AS
  CASE
    WHEN NOT json_valid(content) THEN nullif(whole_items(content), '[]')
    WHEN ltrim(content) LIKE '[%' THEN content
    ELSE coalesce(
      content -> '$.todos', content -> '$.plan', content -> '$.todoList', content -> '$.steps',
      content -> '$.tasks', content -> '$.items'
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
-- message with a status, MCP a flag; Codex, the Agents SDK and others only a text, of which no more
-- than the beginning is trusted: a good result may speak of errors too.
CREATE OR REPLACE MACRO failure_in(result) AS
  CASE
    WHEN result LIKE '{%' AND json_valid(result) THEN CASE
      WHEN result ->> '$.data.status' = 'error' THEN coalesce(result ->> '$.data.content', 'failed')
      WHEN result ->> '$.status' = 'error' THEN coalesce(result ->> '$.content', 'failed')
      WHEN result ->> '$.isError' = 'true' THEN coalesce(result ->> '$.content[0].text', 'failed')
    END
    WHEN regexp_matches(
      result,
      '^([A-Za-z_.]*(Error|Exception): |An error occurred while running|Error invoking tool '
      || '|failed to parse function arguments)'
    ) THEN result
  END;

-- explanation_in: why the plan changed, where the tool has a word for it.
CREATE OR REPLACE MACRO explanation_in(content) AS
  CASE WHEN json_valid(content) THEN content ->> '$.explanation' END;
