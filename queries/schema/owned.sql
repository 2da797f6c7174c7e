-- owned: the rows of one kind, each with the session, agent, plan and step it belongs to. Written
-- for the rows called `reported`; made once for each kind as owned_KIND.
-- What a record does not say itself is taken from the nearest enclosing span that does, else from
-- the only one its trace names; a trace without any session is its own session. `named_by` says
-- where plan and step are from: id (the record) or parent (an enclosing span).
-- Traces are looked at only when a report in them lacks something, and only for what it lacks; they
-- are walked span by span only when they name several sessions or agents, or a step.
WITH RECURSIVE asking AS (
  SELECT trace_id, bool_or(session_id IS NULL OR agent IS NULL) AS is_nameless
  FROM reported
  WHERE trace_id IS NOT NULL
    AND (session_id IS NULL OR agent IS NULL OR coalesce(step_id, plan_id) IS NULL)
  GROUP BY trace_id
),
name AS (
  SELECT trace_id, session_id, agent_name, CAST(NULL AS VARCHAR) AS step_id
  FROM spans
  WHERE (session_id IS NOT NULL OR agent_name IS NOT NULL)
    AND trace_id IN (SELECT trace_id FROM asking WHERE is_nameless)
  UNION ALL
  SELECT trace_id, NULL, NULL, step_id
  FROM spans
  WHERE step_id IS NOT NULL AND trace_id IN (SELECT trace_id FROM asking)
),
naming AS (
  SELECT
    trace_id,
    min(session_id) AS session_id,
    min(agent_name) AS agent,
    max(step_id) IS NOT NULL AS has_steps,
    min(session_id) <> max(session_id) OR min(agent_name) <> max(agent_name) AS is_shared
  FROM name
  GROUP BY trace_id
),
walked AS (
  SELECT trace_id FROM naming WHERE has_steps OR is_shared
),
kin AS MATERIALIZED (
  SELECT trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id
  FROM spans
  WHERE trace_id IN (SELECT trace_id FROM walked)
),
walk AS (
  SELECT DISTINCT
    trace_id,
    span_id AS origin,
    span_id AS here,
    CAST(NULL AS VARCHAR) AS session_id,
    CAST(NULL AS VARCHAR) AS agent,
    CAST(NULL AS VARCHAR) AS plan_id,
    CAST(NULL AS VARCHAR) AS step_id,
    0 AS depth
  FROM reported
  JOIN walked USING (trace_id)
  WHERE span_id IS NOT NULL
    AND (session_id IS NULL OR agent IS NULL OR coalesce(step_id, plan_id) IS NULL)
  UNION ALL
  SELECT
    walk.trace_id,
    walk.origin,
    kin.parent_span_id,
    coalesce(walk.session_id, kin.session_id),
    coalesce(walk.agent, kin.agent_name),
    coalesce(walk.plan_id, kin.plan_id),
    coalesce(walk.step_id, kin.step_id),
    walk.depth + 1
  FROM walk
  JOIN kin ON kin.trace_id = walk.trace_id AND kin.span_id = walk.here
  WHERE walk.depth < 100
    AND (walk.session_id IS NULL OR walk.agent IS NULL OR walk.step_id IS NULL)
),
enclosing AS (
  SELECT
    trace_id,
    origin,
    max(session_id) AS session_id,
    max(agent) AS agent,
    max(plan_id) AS plan_id,
    max(step_id) AS step_id
  FROM walk
  GROUP BY trace_id, origin
)
SELECT
  reported.* REPLACE (
    coalesce(reported.session_id, naming.session_id, reported.trace_id) AS session_id,
    coalesce(reported.agent, naming.agent) AS agent
  ),
  CASE WHEN reported.step_id IS NOT NULL OR reported.plan_id IS NOT NULL THEN 'id' END AS named_by
FROM reported
LEFT JOIN naming ON naming.trace_id = reported.trace_id
WHERE coalesce(reported.trace_id, '') NOT IN (SELECT trace_id FROM walked)
UNION ALL
SELECT
  reported.* REPLACE (
    coalesce(reported.session_id, enclosing.session_id, naming.session_id) AS session_id,
    coalesce(reported.agent, enclosing.agent, CASE WHEN NOT coalesce(is_shared, false)
      THEN naming.agent END) AS agent,
    coalesce(reported.plan_id, enclosing.plan_id) AS plan_id,
    coalesce(reported.step_id, enclosing.step_id) AS step_id
  ),
  CASE
    WHEN reported.step_id IS NOT NULL OR reported.plan_id IS NOT NULL THEN 'id'
    WHEN enclosing.step_id IS NOT NULL OR enclosing.plan_id IS NOT NULL THEN 'parent'
  END AS named_by
FROM reported
JOIN naming ON naming.trace_id = reported.trace_id AND (naming.has_steps OR naming.is_shared)
LEFT JOIN enclosing
  ON enclosing.trace_id = reported.trace_id AND enclosing.origin = reported.span_id
