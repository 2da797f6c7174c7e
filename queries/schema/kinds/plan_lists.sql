-- plan_lists: one row per whole list of steps that was accepted. `document` is the JSON as sent;
-- `plan_id`, `revision` and `plan_word` are NULL unless the emitter names them. `at_ns` is when the
-- list began to hold, `tie` orders lists of one moment.
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
  CAST(NULL AS VARCHAR) AS document,
  CAST(NULL AS VARCHAR) AS goal,
  CAST(NULL AS VARCHAR) AS request,
  CAST(NULL AS VARCHAR) AS reason,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS BIGINT) AS tie
WHERE false
