-- counted_tool_calls: one row per tool call, however often it was reported: a span whose call id a
-- log record of the session has too is the same call, and the log record, which has the content,
-- counts. Two spans with one id stay two: some model servers begin to count anew with every
-- request.
WITH logged AS (
  SELECT DISTINCT dialect, session_id, shared_id
  FROM owned_tool_calls
  WHERE source = 'log' AND shared_id IS NOT NULL
)
SELECT call.*
FROM owned_tool_calls AS call
LEFT JOIN logged
  ON logged.dialect = call.dialect
  AND logged.session_id = call.session_id
  AND logged.shared_id = call.shared_id
  AND call.source = 'span'
WHERE logged.shared_id IS NULL
