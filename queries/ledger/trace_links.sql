-- trace_links: one row per thing that is told of in a trace, in any signal: spans, log records,
-- model and tool calls, plans, steps, locks, state changes, actions, errors. `ref_id` is the id it
-- is found by elsewhere. Read it with a condition on trace_id, ordered by "at".
-- `linked_by`: id (the record has the trace's id; confidence 1), and for log records without one:
-- call_id (a span of the same session has its call's id; 0.95), prompt_id (or the same turn; 0.85),
-- time (it was written while a trace of its session ran; 0.6, less if several did). What nothing
-- links has no trace. `kind` missing_span: a parent that spans name and nobody sent.
WITH loose AS (
  SELECT *, row_number() OVER () AS number
  FROM told_things
  WHERE trace_id IS NULL AND source = 'log'
),
kin AS (
  SELECT session_id, trace_id, loose_key, prompt, at_ns
  FROM told_things
  WHERE trace_id IS NOT NULL AND session_id IN (SELECT session_id FROM loose)
),
lasting AS (
  SELECT session_id, trace_id, min(start_ns) AS from_ns, max(end_ns) AS to_ns
  FROM spans
  WHERE session_id IN (SELECT session_id FROM loose)
  GROUP BY session_id, trace_id
),
home AS (
  SELECT number, kin.trace_id, 'call_id' AS linked_by, 0.95 AS confidence
  FROM loose
  JOIN kin ON kin.session_id = loose.session_id AND kin.loose_key = loose.loose_key
  UNION
  SELECT number, kin.trace_id, 'prompt_id', 0.85
  FROM loose
  JOIN kin ON kin.session_id = loose.session_id AND kin.prompt = loose.prompt
  UNION
  SELECT number, lasting.trace_id, 'time', 0.6
  FROM loose
  JOIN lasting
    ON lasting.session_id = loose.session_id
    AND lasting.from_ns <= loose.at_ns
    AND lasting.to_ns >= loose.at_ns
),
found AS (
  SELECT
    number,
    linked_by,
    confidence / count(*) OVER (PARTITION BY number, linked_by) AS confidence,
    trace_id
  FROM home
  QUALIFY row_number() OVER (PARTITION BY number ORDER BY home.confidence DESC, trace_id) = 1
),
missing AS (
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
  SELECT trace_id, kind, ref_id, at_ns, summary, 'id' AS linked_by, 1.0 AS confidence, span_id,
    parent_span_id, session_id, source
  FROM told_things
  WHERE trace_id IS NOT NULL
  UNION ALL
  SELECT found.trace_id, kind, ref_id, at_ns, summary, linked_by, confidence, span_id,
    parent_span_id, session_id, source
  FROM loose
  LEFT JOIN found ON found.number = loose.number
  UNION ALL
  SELECT trace_id, 'missing_span', span_id, at_ns,
    concat('parent of ', children, CASE WHEN children = 1 THEN ' span' ELSE ' spans' END,
      ', never received'),
    'id', 1.0, span_id, NULL, NULL, 'span'
  FROM missing
)
SELECT
  trace_id,
  kind,
  ref_id,
  at_nanos(at_ns) AS "at",
  summary,
  linked_by,
  round(confidence, 2) AS confidence,
  span_id,
  parent_span_id,
  session_id,
  source
FROM link
