-- numbered_lists: one row per list of steps, with the plan it is a revision of. Lists of a lane
-- belong to one plan until a list comes that shares no step with the one before, and everything in
-- that one was finished: then a new plan begins. An empty list after a finished one only clears
-- the screen. `revision` counts changes of the set of texts; the same texts again only update
-- statuses. `next_whole` is the next list whose silence about a step means that it was dropped;
-- `until_ns` is when the lane's next list came.
WITH fact AS (
  SELECT
    list_number,
    count(*) AS size,
    count_if(before_number = list_number - 1) AS kept,
    bool_and(is_final(status)) AS is_finished
  FROM seen_steps
  GROUP BY list_number
),
sized AS (
  SELECT
    list.lane,
    list.list_number,
    list.is_explicit,
    list.is_cut,
    list.at_ns,
    coalesce(fact.size, 0) AS size,
    coalesce(fact.kept, 0) AS kept,
    coalesce(fact.is_finished, true) AS is_finished
  FROM accepted_lists AS list
  LEFT JOIN fact ON fact.list_number = list.list_number
),
followed AS (
  SELECT
    *,
    lane IS DISTINCT FROM lag(lane) OVER list_order AS begins_lane,
    lag(size) OVER list_order AS size_before,
    lag(is_finished) OVER list_order AS is_finished_before
  FROM sized
  WINDOW list_order AS (ORDER BY list_number)
),
judged AS (
  SELECT
    lane,
    list_number,
    at_ns,
    begins_lane
      OR (is_finished_before AND size > 0 AND kept = 0 AND NOT is_explicit) AS is_new,
    NOT begins_lane AND (size <> size_before OR kept < size) AS is_other,
    is_cut OR (size = 0 AND (begins_lane OR is_finished_before)) AS is_partial
  FROM followed
),
counted AS (
  SELECT
    *,
    count_if(is_new) OVER list_order AS plan_number,
    count_if(is_other AND NOT is_new AND NOT is_partial) OVER list_order AS changes,
    CASE WHEN lane = lead(lane) OVER list_order THEN lead(at_ns) OVER list_order END AS until_ns,
    lead(CASE WHEN NOT is_partial THEN list_number END IGNORE NULLS) OVER list_order AS next_whole
  FROM judged
  WINDOW list_order AS (ORDER BY list_number)
),
plan AS (
  SELECT
    plan_number,
    min(list_number) AS first_number,
    max(list_number) AS last_number,
    min(changes) AS changes_before
  FROM counted
  GROUP BY plan_number
),
lane AS (
  SELECT lane, min(plan_number) AS first_plan FROM counted GROUP BY lane
)
SELECT
  coalesce(list.plan_id,
    'plan-' || left(md5(concat_ws('|', list.lane, counted.plan_number - first_plan + 1)), 16))
    AS plan_id,
  CAST(coalesce(list.revision, counted.changes - changes_before + 1) AS BIGINT) AS revision,
  list.* EXCLUDE (plan_id, revision, items, steps),
  counted.is_partial,
  counted.next_whole,
  counted.until_ns,
  plan.first_number,
  plan.last_number
FROM counted
JOIN plan ON plan.plan_number = counted.plan_number
JOIN lane ON lane.lane = counted.lane
JOIN accepted_lists AS list ON list.list_number = counted.list_number
