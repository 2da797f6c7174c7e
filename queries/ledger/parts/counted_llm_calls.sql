-- counted_llm_calls: one row per model call, however often it was reported. Of a call inside a call
-- (an SDK's span in an instrumentation's) the outer one counts if it has tokens. Where a dialect
-- reports calls as spans and as logs, the session's fuller signal counts, spans when equal.
WITH report AS (
  SELECT * FROM owned_llm_calls
),
answered AS (
  SELECT dialect, session_id,
    count_if(source = 'log') > count_if(source = 'span') AS logs_are_fuller
  FROM report
  WHERE error IS NULL
  GROUP BY dialect, session_id
  HAVING count_if(source = 'log') > 0
),
outer_call AS (
  SELECT hash(trace_id, span_id) AS key
  FROM dialect_llm_calls
  WHERE source = 'span' AND input_tokens IS NOT NULL
)
SELECT report.*
FROM report
LEFT JOIN answered
  ON answered.dialect = report.dialect AND answered.session_id = report.session_id
WHERE (error IS NOT NULL OR (source = 'log') = coalesce(logs_are_fuller, false))
  AND (parent_span_id IS NULL
    OR hash(report.trace_id, parent_span_id) NOT IN (SELECT key FROM outer_call))
