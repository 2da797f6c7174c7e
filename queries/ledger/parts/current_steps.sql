-- current_steps: one row per moment at which the current step of a lane changes; it holds until
-- `to_ns`, the lane's next row. A lane is an agent's name within a session, or '*' for all of its
-- agents together. The current step is the one that started to run last and still runs; `step_id`
-- is NULL between steps, `plan_id` too before and between plans. `running` counts the steps running
-- at once.
WITH phase AS (
  SELECT
    plan_id,
    CAST(NULL AS VARCHAR) AS step_id,
    session_id,
    agent,
    from_ns,
    coalesce(next_ns, 9223372036854775807) AS to_ns
  FROM plan_lives
  UNION ALL
  SELECT plan_id, step_id, session_id, agent, at_ns, coalesce(until_ns, 9223372036854775807)
  FROM step_states
  WHERE status = 'running'
),
lane_phase AS (
  SELECT session_id, '*' AS lane, plan_id, step_id, from_ns, to_ns FROM phase
  UNION ALL
  SELECT session_id, agent, plan_id, step_id, from_ns, to_ns FROM phase WHERE agent IS NOT NULL
),
moment AS (
  SELECT session_id, lane, from_ns FROM lane_phase
  UNION
  SELECT session_id, lane, to_ns FROM lane_phase
)
SELECT
  moment.session_id,
  moment.lane,
  moment.from_ns,
  coalesce(
    max_by(plan_id, phase.from_ns) FILTER (WHERE step_id IS NOT NULL),
    max_by(plan_id, phase.from_ns)
  ) AS plan_id,
  max_by(step_id, phase.from_ns) AS step_id,
  count(step_id) AS running,
  coalesce(
    lead(moment.from_ns) OVER (PARTITION BY moment.session_id, moment.lane ORDER BY moment.from_ns),
    9223372036854775807
  ) AS to_ns
FROM moment
LEFT JOIN lane_phase AS phase
  ON phase.session_id = moment.session_id
  AND phase.lane = moment.lane
  AND phase.from_ns <= moment.from_ns
  AND phase.to_ns > moment.from_ns
GROUP BY moment.session_id, moment.lane, moment.from_ns
