-- asked: the tool calls that models asked for in their messages and nothing else reports, each once,
-- with what a later request told them of its outcome. Written for the rows called `talk`; made once
-- for all calls and once for planning calls.
-- Two records tell of the same call if they are of one span, or of two spans at the same time (an
-- SDK's inside an instrumentation's). A span of the tool in the trace is the same call if it has the
-- id; those with none, or another, stand for as many of the others with the tool's name, the failed
-- ones last, because what a framework refuses to run has no span. A span without the arguments of a
-- planning call reports the call, and not the plan. An answer belongs to the last
-- call before it with its id, in its trace if there is one: some model servers begin to count anew
-- with every request.
WITH said AS (
  SELECT * EXCLUDE (requests, answers),
    unnest(from_json(requests, '[{"id":"VARCHAR","name":"VARCHAR","arguments":"VARCHAR"}]'))
      AS request,
    generate_subscripts(from_json(requests, '["JSON"]'), 1) AS number
  FROM talk
  WHERE requests IS NOT NULL AND NOT tells_every_call(dialect)
),
named AS (
  SELECT
    * EXCLUDE (request),
    request.name AS tool,
    request.id AS call_id,
    request.arguments AS arguments,
    coalesce(request.id, concat_ws('#', span_id, number)) AS id
  FROM said
),
compared AS (
  SELECT
    *,
    span_id = lag(span_id) OVER call_order
      OR from_ns < max(at_ns) OVER (call_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      AS is_copy
  FROM named
  WINDOW call_order AS (PARTITION BY trace_id, id, tool ORDER BY from_ns, at_ns DESC, seq)
),
asked AS (
  SELECT *, hash(trace_id, span_id, seq, number, id) AS key
  FROM compared
  WHERE NOT coalesce(is_copy, false)
),
told AS (
  SELECT trace_id, service_name, from_ns,
    unnest(from_json(answers, '[{"id":"VARCHAR","content":"VARCHAR","failed":"BOOLEAN"}]'))
      AS answer
  FROM talk
  WHERE answers IS NOT NULL
),
moment AS (
  SELECT trace_id, service_name, id, from_ns, key, NULL AS answer FROM asked
  UNION ALL
  SELECT trace_id, service_name, answer.id, from_ns, NULL, answer
  FROM told
  WHERE answer.id IS NOT NULL
),
matched AS (
  SELECT
    answer,
    from_ns,
    coalesce(
      last_value(key IGNORE NULLS) OVER (PARTITION BY trace_id, id ORDER BY from_ns, key NULLS FIRST
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
      last_value(key IGNORE NULLS) OVER (PARTITION BY service_name, id
        ORDER BY from_ns, key NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ) AS key
  FROM moment
),
outcome AS (
  SELECT key, min_by(answer, from_ns) AS answer
  FROM matched
  WHERE answer IS NOT NULL
  GROUP BY key
),
judged AS (
  SELECT
    asked.*,
    answer.content AS content,
    CASE WHEN answer.failed THEN coalesce(answer.content, 'failed')
      WHEN answer.failed IS NULL THEN failure_in(answer.content) END AS failure,
    answer IS NOT NULL AS is_answered
  FROM asked
  LEFT JOIN outcome ON outcome.key = asked.key
),
reported AS (
  SELECT trace_id, tool_name AS tool, tool_call_id AS id
  FROM spans
  WHERE tool_name IS NOT NULL
    AND trace_id IN (SELECT trace_id FROM talk WHERE plan_document IS NOT NULL OR NOT is_for_plans)
),
spare AS (
  SELECT trace_id, tool, count(*) AS number
  FROM reported
  ANTI JOIN asked ON asked.trace_id = reported.trace_id AND asked.call_id = reported.id
  GROUP BY trace_id, tool
),
unmatched AS (
  SELECT *,
    row_number() OVER (PARTITION BY trace_id, tool ORDER BY failure IS NOT NULL, at_ns, number)
      AS place
  FROM judged
  ANTI JOIN reported ON reported.trace_id = judged.trace_id AND reported.id = judged.call_id
)
SELECT
  dialect,
  'messages' AS source,
  session_id,
  agent_name AS agent,
  unmatched.trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  unmatched.tool,
  call_id,
  call_id AS shared_id,
  visible(arguments) AS arguments,
  visible(content) AS result,
  CASE WHEN failure IS NOT NULL THEN false WHEN is_answered THEN true END AS ok,
  failure AS error,
  hides(arguments) OR hides(content) AS redacted,
  at_ns,
  seq AS tie
FROM unmatched
LEFT JOIN spare ON spare.trace_id = unmatched.trace_id AND spare.tool = unmatched.tool
WHERE place > coalesce(spare.number, 0)
