-- tool_calls: one row per report of a tool call. `ok` is NULL while nobody knows how it ended.
-- `shared_id` is the call's id where the dialect reports one call as span and as log record, from a
-- column of its own: counting must not open millions of attributes.
SELECT
  CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS VARCHAR) AS tool,
  CAST(NULL AS VARCHAR) AS call_id,
  CAST(NULL AS VARCHAR) AS shared_id,
  CAST(NULL AS VARCHAR) AS arguments,
  CAST(NULL AS VARCHAR) AS result,
  CAST(NULL AS BOOLEAN) AS ok,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS VARCHAR) AS decision,
  CAST(NULL AS BOOLEAN) AS redacted,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS DOUBLE) AS duration_ms
WHERE false
