-- replayed_steps: one row per change of one step that a planning tool was asked for by the step's
-- id (Claude Code's tasks, Copilot's table of todos). A step whose id was not told is numbered from
-- 1 in the order of creation. The steps of a session and agent are one plan; a new one begins with
-- a step that is made in another turn of the conversation when everything before was finished. A
-- condition on the status is held against what was said of each step without a condition.
-- `revision` counts changes of the set of texts; steps made one after another are one change.
WITH listed AS (
  SELECT call_number, step_changes_in(tool, document, result) AS changes
  FROM step_requests
  WHERE tool <> 'sql'
),
listed_change AS (
  SELECT call_number, unnest(changes) AS change, generate_subscripts(changes, 1) AS place
  FROM listed
),
change AS (
  SELECT
    call_number, 1 AS statement_number, place, change.key AS key, change.title AS title,
    change.word AS word, change.is_new AS is_new, CAST(NULL AS VARCHAR[]) AS only_from,
    false AS is_not_from
  FROM listed_change
  UNION ALL BY NAME
  SELECT * FROM todo_statements
),
numbered AS (
  SELECT
    call.lane, call.turn, call.at_ns, call.trace_id, call.span_id, call.source, call.session_id,
    call.agent, call.dialect,
    CASE WHEN is_new AND key IS NULL
      THEN CAST(count_if(is_new) OVER change_order AS VARCHAR) ELSE key END AS key,
    change.title,
    CASE WHEN word IS NOT NULL THEN step_status(word) END AS status,
    is_new,
    is_new AND key IS NULL AS is_guessed,
    NOT is_new AND key IS NULL AS is_for_all,
    CASE WHEN only_from IS NOT NULL
      THEN list_transform(only_from, lambda name: step_status(name)) END AS only_from,
    is_not_from,
    row_number() OVER (
      ORDER BY lane, call_number, statement_number, place, key
    ) AS number
  FROM change
  JOIN step_requests AS call USING (call_number)
  WINDOW change_order AS (PARTITION BY lane ORDER BY call_number, statement_number, place)
),
meant AS (
  SELECT numbered.* REPLACE (coalesce(numbered.key, step.key) AS key)
  FROM numbered
  LEFT JOIN (
    SELECT lane, key, min(number) AS number FROM numbered WHERE key IS NOT NULL GROUP BY lane, key
  ) AS step
    ON step.lane = numbered.lane AND numbered.is_for_all AND step.number < numbered.number
),
held AS (
  SELECT
    *,
    coalesce(
      last_value(CASE WHEN only_from IS NULL THEN status END IGNORE NULLS) OVER step_past,
      first_value(status) OVER step_past
    ) AS held
  FROM meant
  WHERE key IS NOT NULL
  WINDOW step_past AS (
    PARTITION BY lane, key ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
weighed AS (
  SELECT
    *,
    lag(status IGNORE NULLS) OVER step_order AS status_before,
    last_value(status IGNORE NULLS) OVER step_order AS status_now,
    lag(title IGNORE NULLS) OVER step_order AS title_before,
    lag(number) OVER step_order IS NULL AS is_first,
    max(is_guessed) OVER (PARTITION BY lane, key) AS is_inferred
  FROM held
  WHERE (only_from IS NULL OR list_contains(only_from, coalesce(held, 'removed')) <> is_not_from)
    AND (NOT is_for_all OR held <> 'removed')
  WINDOW step_order AS (PARTITION BY lane, key ORDER BY number)
),
balanced AS (
  SELECT
    *,
    CAST(NOT coalesce(is_final(status_now), false) AS INTEGER) AS is_open,
    CAST(NOT is_first AND NOT coalesce(is_final(status_before), false) AS INTEGER) AS was_open,
    lag(turn) OVER lane_order AS turn_before,
    coalesce(lag(is_new) OVER lane_order, false) AS is_new_before
  FROM weighed
  WINDOW lane_order AS (PARTITION BY lane ORDER BY number, key)
),
followed AS (
  SELECT
    *,
    coalesce(
      is_new
      AND turn <> turn_before
      AND sum(is_open - was_open) OVER lane_order - (is_open - was_open) = 0,
      false
    ) AS begins
  FROM balanced
  WINDOW lane_order AS (PARTITION BY lane ORDER BY number, key)
),
counted AS (
  SELECT *, count_if(begins) OVER (PARTITION BY lane ORDER BY number, key) AS plans_before
  FROM followed
),
owning AS (
  SELECT
    *,
    coalesce(
      last_value(CASE WHEN is_new THEN plans_before END IGNORE NULLS) OVER (
        PARTITION BY lane, key ORDER BY number
      ),
      plans_before
    ) AS plan_number,
    coalesce(is_new AND (begins OR NOT is_new_before), false)
      OR coalesce(NOT is_new AND title <> title_before, false)
      OR coalesce(status_now = 'removed' AND status_before <> 'removed', false) AS is_other
  FROM counted
)
SELECT
  'plan-' || left(md5(concat_ws('|', lane, 'by id', plan_number + 1)), 16) AS plan_id,
  key AS step_id,
  CAST(greatest(1, count_if(is_other) OVER plan_order) AS BIGINT) AS revision,
  CASE WHEN is_new OR is_first
    THEN CAST(count_if(is_new OR is_first) OVER plan_order AS BIGINT) - 1 END AS position,
  coalesce(title, CASE WHEN is_first THEN 'task ' || key END) AS title,
  coalesce(status_now, 'queued') AS status,
  CASE WHEN is_inferred THEN 'inferred' ELSE 'tool_id' END AS identity_source,
  at_ns,
  number AS tie,
  trace_id,
  span_id,
  source,
  session_id,
  agent,
  dialect
FROM owning
WINDOW plan_order AS (PARTITION BY lane, plan_number ORDER BY number, key)
