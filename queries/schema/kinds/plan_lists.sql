-- plan_lists: one row per accepted call of a planning tool, or list of steps told otherwise.
-- `document` is the JSON as sent; `plan_id`, `revision` and `plan_word` are NULL unless the emitter
-- names them. `tool` and `result` are needed by tools that change steps one by one (changes_steps)
-- and by plan modes. `turn` tells the turns of a conversation apart. `at_ns` is when the list began
-- to hold, `tie` orders lists of one moment.
SELECT
  CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS BIGINT) AS revision,
  CAST(NULL AS VARCHAR) AS plan_word,
  CAST(NULL AS VARCHAR) AS tool,
  CAST(NULL AS VARCHAR) AS document,
  CAST(NULL AS VARCHAR) AS result,
  CAST(NULL AS VARCHAR) AS turn,
  CAST(NULL AS VARCHAR) AS goal,
  CAST(NULL AS VARCHAR) AS request,
  CAST(NULL AS VARCHAR) AS reason,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS BIGINT) AS tie
WHERE false
