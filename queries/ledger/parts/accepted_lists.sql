-- accepted_lists: one row per list of steps that holds a list at all. A lane is the plan if the
-- emitter names it, else all lists of one dialect, session and agent; `list_number` counts through
-- lane after lane, so that the list before is the one with the number before. `is_cut`: a length
-- limit cut the list, what is missing in it may still be there.
WITH listed AS (
  SELECT
    *,
    coalesce(plan_id, concat_ws('|', dialect, session_id, agent)) AS lane,
    plan_id IS NOT NULL AS is_explicit,
    list_in(unwrapped(document)) AS items
  FROM owned_plan_lists
),
-- Materialized, or the text would be parsed once for the condition and once for the steps.
parsed AS MATERIALIZED (
  SELECT * EXCLUDE (document), NOT json_valid(document) AS is_cut, steps_of(items) AS steps
  FROM listed
)
-- One sort of everything: PARTITION BY costs DuckDB some 50 ms for 2,000 lanes of a few rows.
SELECT *, row_number() OVER (ORDER BY lane, at_ns, tie, span_id) AS list_number
FROM parsed
WHERE steps IS NOT NULL
