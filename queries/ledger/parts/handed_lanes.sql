-- handed_lanes: one row per lane that goes on with another agent's plan: its first list already has
-- a finished step, and half of its texts or more, at least two or all, from a list of that agent
-- before. `first_lane` is the earliest such. A sub-agent keeps a plan of its own, and so do two
-- that begin the same work at once.
WITH shared AS (
  SELECT session_id
  FROM parsed_lists
  WHERE NOT is_explicit
  GROUP BY session_id
  HAVING count(DISTINCT lane) > 1
),
titled AS (
  SELECT
    lane,
    session_id,
    at_ns,
    tie,
    list_transform(steps, lambda step: normal_text(coalesce(
      step.title, step.content, step.step, step.subject, step.description, step.text, step.name
    ))) AS titles,
    len(list_filter(steps, lambda step: is_final(step_status(coalesce(
      step.status, step.state, step.is_complete, step.completed, step.done
    ))))) > 0 AS has_ended
  FROM parsed_lists
  WHERE NOT is_explicit AND NOT plans_ahead(tool)
    AND session_id IN (SELECT session_id FROM shared)
),
opening AS (
  SELECT
    lane,
    session_id,
    min(at_ns) AS first_ns,
    arg_min(titles, (at_ns, tie)) AS titles,
    arg_min(has_ended, (at_ns, tie)) AS has_ended
  FROM titled
  GROUP BY lane, session_id
),
common AS (
  SELECT
    opening.lane,
    earlier.lane AS first_lane,
    first.first_ns,
    len(list_intersect(opening.titles, earlier.titles)) AS kept,
    len(opening.titles) AS size
  FROM opening
  JOIN titled AS earlier
    ON earlier.session_id = opening.session_id AND earlier.at_ns < opening.first_ns
  JOIN opening AS first ON first.lane = earlier.lane AND first.first_ns < opening.first_ns
  WHERE opening.has_ended
)
SELECT lane, arg_min(first_lane, first_ns) AS first_lane
FROM common
WHERE kept > 0 AND kept * 2 >= size AND (kept >= 2 OR kept = size)
GROUP BY lane
