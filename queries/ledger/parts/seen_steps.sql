-- seen_steps: one row per step of each list, with the lists its `node` is in before and after. A
-- node is the emitter's id if it sends ids, else the normalised text; twins in one list are told
-- apart by their order. Ids that only count the positions are no ids.
WITH item AS (
  SELECT
    lane,
    list_number,
    is_explicit,
    items,
    unnest(steps) AS step,
    generate_subscripts(steps, 1) - 1 AS position
  FROM accepted_lists
),
titled AS (
  SELECT
    * EXCLUDE (step, items),
    coalesce(step.title, step.content, step.step, step.subject, step.description, step.text,
      step.name, items ->> ('$[' || position || ']'), '') AS title,
    step_status(coalesce(step.status, step.state, step.is_complete, step.completed, step.done))
      AS status,
    coalesce(step.id, step.step_id) AS key
  FROM item
),
counting AS (
  SELECT list_number
  FROM titled
  WHERE key IS NOT NULL AND NOT is_explicit
  GROUP BY list_number
  HAVING bool_and(key = CAST(position AS VARCHAR)) OR bool_and(key = CAST(position + 1 AS VARCHAR))
),
keyed AS (
  SELECT
    titled.* REPLACE (CASE WHEN counting.list_number IS NULL THEN key END AS key),
    hash(lane, CASE WHEN counting.list_number IS NULL AND key IS NOT NULL THEN '#' || key
      ELSE normal_text(title) END) AS name
  FROM titled
  LEFT JOIN counting ON counting.list_number = titled.list_number
),
double AS (
  SELECT list_number, name FROM keyed GROUP BY list_number, name HAVING count(*) > 1
),
twins AS (
  SELECT
    list_number,
    position,
    row_number() OVER (PARTITION BY list_number, name ORDER BY position) AS twin
  FROM keyed
  JOIN double USING (list_number, name)
),
counted AS (
  SELECT keyed.*, coalesce(twins.twin, 1) AS twin, hash(name, coalesce(twins.twin, 1)) AS node
  FROM keyed
  LEFT JOIN twins
    ON twins.list_number = keyed.list_number AND twins.position = keyed.position
)
SELECT
  * EXCLUDE (name),
  lag(list_number) OVER node_order AS before_number,
  lag(status) OVER node_order AS before_status,
  lag(title) OVER node_order AS before_title,
  lead(list_number) OVER node_order AS after_number
FROM counted
WINDOW node_order AS (PARTITION BY node ORDER BY list_number)
