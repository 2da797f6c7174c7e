-- listed_states: one row per step of a list that is new, changed, renamed or gone there. The same
-- node is the same step, also when it comes back after it was dropped. A text that is new in the
-- very list that dropped another is that step renamed, if the two are alike enough, and the old one
-- was not already finished: 0.5 at the same position and with the same status, else 0.75.
WITH RECURSIVE changed AS (
  SELECT
    seen.*,
    list.plan_id,
    coalesce(seen.before_number < list.first_number, true) AS is_first,
    seen.list_number > list.first_number AND NOT list.is_cut AS may_be_renamed
  FROM seen_steps AS seen
  JOIN numbered_lists AS list ON list.list_number = seen.list_number
  WHERE seen.before_number IS NULL
    OR seen.before_number < seen.list_number - 1
    OR seen.before_number < list.first_number
    OR seen.before_status <> seen.status
    OR (seen.key IS NOT NULL AND seen.before_title <> seen.title)
    -- An emitter with ids of its own may have said something else between two lists.
    OR seen.is_explicit
),
gone AS (
  SELECT seen.*, list.plan_id, list.next_whole AS gone_number
  FROM seen_steps AS seen
  JOIN numbered_lists AS list ON list.list_number = seen.list_number
  WHERE list.next_whole <= list.last_number
    AND coalesce(list.next_whole < seen.after_number, true)
),
alike AS (
  SELECT
    gone.plan_id,
    gone.gone_number AS list_number,
    gone.node AS old_node,
    normal_text(gone.title) || repeat('+', CAST(gone.twin - 1 AS INTEGER)) AS old_label,
    fresh.node AS new_node,
    gone.position = fresh.position AS is_same_place,
    gone.status = fresh.status AS is_same_status,
    abs(gone.position - fresh.position) AS distance,
    likeness(normal_text(gone.title), normal_text(fresh.title)) AS likeness
  FROM gone
  JOIN changed AS fresh
    ON fresh.plan_id = gone.plan_id AND fresh.list_number = gone.gone_number
  WHERE fresh.is_first
    AND fresh.may_be_renamed
    AND fresh.key IS NULL
    AND gone.key IS NULL
    AND (is_final(fresh.status) OR NOT is_final(gone.status))
),
renamed AS (
  SELECT
    plan_id,
    list_number,
    old_node,
    old_label,
    new_node,
    CASE WHEN is_same_place THEN 'position' ELSE 'inferred' END AS identity_source
  FROM alike
  WHERE likeness >= CASE WHEN is_same_place AND is_same_status THEN 0.5 ELSE 0.75 END
  QUALIFY
    row_number() OVER (PARTITION BY plan_id, list_number, old_node
      ORDER BY likeness DESC, distance, new_node) = 1
    AND row_number() OVER (PARTITION BY plan_id, list_number, new_node
      ORDER BY likeness DESC, distance, old_node) = 1
),
-- A text that comes back after its step went on under another name is a step of its own.
life AS (
  SELECT
    plan_id,
    old_node AS node,
    old_label AS label,
    new_node,
    list_number AS ended,
    row_number() OVER (PARTITION BY plan_id, old_node ORDER BY list_number) AS number
  FROM renamed
),
ancestry AS (
  SELECT
    plan_id, new_node AS node, node AS origin, label, number - 1 AS origin_life, 1 AS depth
  FROM life
  UNION ALL
  SELECT
    ancestry.plan_id, ancestry.node, life.node, life.label, life.number - 1, ancestry.depth + 1
  FROM ancestry
  JOIN life ON life.plan_id = ancestry.plan_id AND life.new_node = ancestry.origin
  WHERE ancestry.origin_life = 0
),
origins AS (
  SELECT plan_id, node, max_by(label, depth) AS label, max_by(origin_life, depth) AS origin_life
  FROM ancestry
  GROUP BY plan_id, node
),
said AS (
  SELECT plan_id, list_number, list_number AS seen_number, node, key, twin, position, title,
    status, is_explicit
  FROM changed
  UNION ALL
  SELECT gone.plan_id, gone_number, gone.list_number, node, key, twin, position, title,
    'removed', is_explicit
  FROM gone
  LEFT JOIN renamed
    ON renamed.plan_id = gone.plan_id AND renamed.list_number = gone.gone_number
    AND renamed.old_node = gone.node
  WHERE renamed.old_node IS NULL
),
lived AS (
  SELECT said.*, coalesce(max(life.number), 0) AS life_number
  FROM said
  LEFT JOIN life
    ON life.plan_id = said.plan_id AND life.node = said.node AND life.ended <= said.seen_number
  GROUP BY ALL
)
SELECT
  lived.plan_id,
  CASE
    WHEN key IS NOT NULL THEN key || repeat('+', CAST(twin - 1 AS INTEGER))
    WHEN life_number = 0 AND label IS NOT NULL
      THEN left(md5(concat_ws('|', lived.plan_id, label, origin_life)), 12)
    ELSE left(md5(concat_ws('|', lived.plan_id,
      normal_text(lived.title) || repeat('+', CAST(twin - 1 AS INTEGER)), life_number)), 12)
  END AS step_id,
  list.revision,
  lived.position,
  lived.title,
  lived.status,
  CASE
    WHEN key IS NOT NULL AND lived.is_explicit THEN 'explicit'
    WHEN key IS NOT NULL THEN 'tool_id'
    ELSE coalesce(renamed.identity_source, 'text')
  END AS identity_source,
  list.at_ns,
  list.tie,
  list.trace_id,
  list.span_id,
  list.source,
  list.session_id,
  list.agent,
  list.dialect
FROM lived
JOIN numbered_lists AS list ON list.list_number = lived.list_number
LEFT JOIN origins ON origins.plan_id = lived.plan_id AND origins.node = lived.node
LEFT JOIN renamed
  ON renamed.plan_id = lived.plan_id AND renamed.new_node = lived.node
  AND renamed.list_number = lived.list_number
