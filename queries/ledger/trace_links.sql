-- trace_links: one row per thing that is told of in a trace, in any signal. `kind` is llm_call,
-- tool_call, plan, step, lock, state_diff, action, error, else span or log; `ref_id` the id it is
-- found by elsewhere: the plan's, step's, lock's or call's, else the span's. Read it with a
-- condition on trace_id, ordered by "at".
-- `linked_by`: id (the record has the trace's id; confidence 1), and for log records without one:
-- call_id (a record of the same session has its call's id; 0.95), prompt_id (or its turn; 0.85),
-- time (it was written while a trace of its session ran; 0.6, less if several did). What nothing
-- links has no trace. `kind` missing_span: a parent that spans name and nobody sent.
WITH missing AS (
  SELECT
    child.trace_id,
    child.parent_span_id AS span_id,
    min(child.start_ns) AS at_ns,
    count(*) AS children
  FROM spans AS child
  LEFT JOIN spans AS parent
    ON parent.trace_id = child.trace_id AND parent.span_id = child.parent_span_id
  WHERE child.parent_span_id IS NOT NULL AND parent.span_id IS NULL
  GROUP BY child.trace_id, child.parent_span_id
),
link AS (
  SELECT * FROM told_things
  UNION ALL BY NAME
  SELECT trace_id, 'missing_span' AS kind, span_id AS ref_id, at_ns,
    concat('parent of ', children, CASE WHEN children = 1 THEN ' span' ELSE ' spans' END,
      ', never received') AS summary,
    'id' AS linked_by, 1.0 AS confidence, span_id, 'span' AS source
  FROM missing
)
SELECT
  trace_id,
  kind,
  ref_id,
  at_nanos(at_ns) AS "at",
  summary,
  linked_by,
  confidence,
  span_id,
  parent_span_id,
  session_id,
  source
FROM link
