-- parsed_lists: one row per list of steps that an agent was told to keep, if it is a list at all. A
-- lane is the plan if the emitter names it, else all lists of one dialect, session and agent; a
-- plan made ahead is a lane of its own. `is_cut`: a length limit cut the list, what is missing in
-- it may still be there. Read twice, and so parsed once.
WITH listed AS (
  SELECT
    *,
    coalesce(
      plan_id,
      concat_ws('|', dialect, session_id, agent, CASE WHEN plans_ahead(tool)
        THEN coalesce(span_id, CAST(at_ns AS VARCHAR)) END)
    ) AS lane,
    plan_id IS NOT NULL AS is_explicit,
    list_in(unwrapped(document)) AS held
  FROM owned_plan_lists
  WHERE NOT changes_steps(tool)
),
lined AS (
  SELECT *, CASE WHEN held LIKE '"%' THEN valid_json(held) ->> '$' END AS prose
  FROM listed
),
itemed AS (
  SELECT
    * EXCLUDE (held, prose),
    CASE
      WHEN prose IS NULL THEN held
      WHEN prose LIKE '[%' AND json_valid(prose) THEN prose
      ELSE steps_in_lines(markdown_lines(prose))
    END AS items
  FROM lined
),
parsed AS MATERIALIZED (
  SELECT * EXCLUDE (document), NOT json_valid(document) AS is_cut, steps_of(items) AS steps
  FROM itemed
)
SELECT *
FROM parsed
WHERE steps IS NOT NULL
