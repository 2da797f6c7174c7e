-- errors: one row per report of something that went wrong. `rank` orders reports of the same thing,
-- the fullest first: 1 captured with its context, 2 a log record, 3 a span's event, 5 a step that
-- failed, 6 a span that did.
SELECT
  CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS BIGINT) AS rank,
  CAST(NULL AS VARCHAR) AS type,
  CAST(NULL AS VARCHAR) AS message,
  CAST(NULL AS VARCHAR) AS stacktrace,
  CAST(NULL AS VARCHAR) AS locals,
  CAST(NULL AS VARCHAR) AS state_snapshot,
  CAST(NULL AS VARCHAR) AS code_function,
  CAST(NULL AS VARCHAR) AS chain,
  CAST(NULL AS VARCHAR) AS llm_call_span_id,
  CAST(NULL AS BIGINT) AS at_ns
WHERE false
