-- changes: what planning tools ask for one step at a time, instead of sending the whole list.

-- changes_steps: a tool whose arguments are a change of steps; every other planning tool sends all
-- steps there are. may_change_steps: whether a record may be such a call, or a model asking for one.
-- plans_ahead: a tool that ends a mode in which only plans are made; its list is a plan of its own,
-- in prose, that the lists of the work itself come after.
CREATE OR REPLACE MACRO changes_steps(tool) AS
  coalesce(tool IN (
    'TaskCreate', 'TaskUpdate', 'tracker_create_task', 'tracker_update_task', 'todos_add',
    'todos_complete', 'todos_remove', 'sql'
  ), false);
CREATE OR REPLACE MACRO may_change_steps(document, tool, requests) AS
  coalesce(document IS NOT NULL AND (changes_steps(tool) OR tool = 'tool_call'), false)
  OR coalesce(len(list_filter(
    regexp_extract_all(requests, '"name": ?"(\w+)"', 1), lambda name: changes_steps(name)
  )) > 0, false);
CREATE OR REPLACE MACRO plans_ahead(tool) AS
  coalesce(tool = 'ExitPlanMode' OR tool = 'exit_plan_mode', false);

-- wrapped_tool, wrapped_arguments: of the tool that a wrapper was asked to call, {name, arguments};
-- of any other call the tool and arguments themselves.
CREATE OR REPLACE MACRO wrapped_tool(tool, arguments) AS
  CASE WHEN tool = 'tool_call' THEN coalesce(text_in(arguments, 'name'), tool) ELSE tool END;
CREATE OR REPLACE MACRO wrapped_arguments(tool, arguments) AS
  CASE WHEN tool = 'tool_call' THEN coalesce(text_in(arguments, 'arguments'), arguments)
    ELSE arguments END;

-- goal_in: what a plan made ahead is headed by.
CREATE OR REPLACE MACRO goal_in(tool, content) AS
  CASE WHEN plans_ahead(tool) THEN nullif(trim(regexp_extract(
    text_in(content, 'plan'), '^\s*(?:#+[ \t]*)?([^\n]*)', 1)), '') END;

-- change_by_id: one change of the step with this id; `key` is NULL where a tool gives a new step an
-- id that it does not tell. created_id: the id in the answer of a tool that made a step:
-- {"task": {"id": "3"}}, "Task #3 created", "Created task 4f2a1c: title".
CREATE OR REPLACE MACRO change_by_id(id, title, word, is_new) AS
  {'key': id, 'title': title, 'word': word, 'is_new': is_new};
CREATE OR REPLACE MACRO created_id(result) AS
  coalesce(
    valid_json(result) ->> '$.task.id',
    valid_json(result) ->> '$.id',
    valid_json(result) ->> '$.taskId',
    nullif(regexp_extract(result, '(?:(?i:task) #|Created task )([0-9a-zA-Z_-]+)', 1), '')
  );

-- step_changes_in: the changes one call of such a tool asks for, in order; NULL for the tool `sql`.
CREATE OR REPLACE MACRO step_changes_in(tool, document, result) AS
  CASE
    WHEN tool = 'todos_add' THEN list_transform(
      steps_of(valid_json(document) -> '$.todos'),
      lambda step: change_by_id(step.id, coalesce(step.title, step.content, step.description),
        'pending', true)
    )
    WHEN tool = 'todos_complete' OR tool = 'todos_remove' THEN list_transform(
      regexp_extract_all(
        coalesce(
          CASE WHEN json_type(valid_json(document) -> '$.items[0]') = 'OBJECT'
            THEN CAST(valid_json(document) -> '$.items[*].id' AS VARCHAR) END,
          valid_json(document) ->> '$.ids',
          valid_json(document) ->> '$.items'
        ),
        '\w+'
      ),
      lambda id: change_by_id(id, NULL, CASE WHEN tool = 'todos_remove' THEN 'removed'
        ELSE 'completed' END, false)
    )
    WHEN tool <> 'sql' THEN [change_by_id(
      coalesce(text_in(document, 'taskId'), text_in(document, 'id'), created_id(result)),
      coalesce(text_in(document, 'subject'), text_in(document, 'title')),
      text_in(document, 'status'),
      tool = 'TaskCreate' OR tool = 'tracker_create_task'
    )]
  END;

-- sql_value: a literal as text; NULL for what would have to be computed. sql_values: all literals.
CREATE OR REPLACE MACRO sql_value(literal) AS
  CASE
    WHEN literal LIKE '''%''' THEN replace(literal[2:-2], '''''', '''')
    WHEN regexp_full_match(literal, '-?[0-9.]+') THEN literal
  END;
CREATE OR REPLACE MACRO sql_values(content) AS
  list_transform(
    regexp_extract_all(content, '''(?:[^'']|'''')*''|\b[0-9]+\b'),
    lambda literal: sql_value(literal)
  );
