-- placed: the rows of one kind of call, each with the plan and step it is counted for. Written for
-- the rows called `counted`; made once for each kind as placed_KIND.
-- `linked_by`: id (the call names its step), parent (an enclosing span does), time (it began while
-- that step was the current one of its agent, or of its session if the agent has no plan).
-- `confidence`: 1 and 0.9 for the first two; by time 0.8, less with several steps running at once,
-- with another agent's plan, or with a plan but no step.
-- Only calls of sessions with a plan are laid against its times. Not by an ASOF join: DuckDB makes
-- a nested loop of it when it expects few rows, which it always does of views on views.
WITH known_lane AS (
  SELECT DISTINCT session_id, lane FROM current_steps WHERE session_id IS NOT NULL
),
laned AS (
  SELECT counted.*, coalesce(known_lane.lane, '*') AS lane
  FROM counted
  LEFT JOIN known_lane
    ON known_lane.session_id = counted.session_id AND known_lane.lane = counted.agent
  WHERE counted.session_id IN (SELECT session_id FROM known_lane)
),
guessed AS (
  SELECT
    laned.*,
    timeline.plan_id AS guessed_plan_id,
    timeline.step_id AS guessed_step_id,
    CASE
      WHEN timeline.step_id IS NULL THEN 0.5
      WHEN laned.lane = '*' AND laned.agent IS NOT NULL THEN 0.4
      ELSE 0.8
    END / greatest(running, 1) AS likelihood
  FROM laned
  LEFT JOIN current_steps AS timeline
    ON timeline.session_id = laned.session_id
    AND timeline.lane = laned.lane
    AND timeline.from_ns <= laned.at_ns
    AND timeline.to_ns > laned.at_ns
)
SELECT
  * EXCLUDE (lane, guessed_plan_id, guessed_step_id, likelihood, named_by) REPLACE (
    coalesce(plan_id, guessed_plan_id) AS plan_id,
    coalesce(step_id, CASE WHEN coalesce(plan_id, guessed_plan_id) = guessed_plan_id
      THEN guessed_step_id END) AS step_id
  ),
  coalesce(named_by, CASE WHEN guessed_plan_id IS NOT NULL THEN 'time' END) AS linked_by,
  CASE named_by
    WHEN 'id' THEN 1.0
    WHEN 'parent' THEN 0.9
    ELSE CASE WHEN guessed_plan_id IS NOT NULL THEN round(likelihood, 2) END
  END AS confidence
FROM guessed
UNION ALL BY NAME
SELECT
  * EXCLUDE (named_by),
  named_by AS linked_by,
  CASE named_by WHEN 'id' THEN 1.0 WHEN 'parent' THEN 0.9 END AS confidence
FROM counted
WHERE coalesce(session_id, '') NOT IN (SELECT session_id FROM known_lane)
