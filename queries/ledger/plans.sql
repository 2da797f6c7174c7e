-- plans: one row per plan. `steps_total` counts the steps that were not dropped, `steps_done`
-- those done. Where the emitter reports no status of the plan, it follows from the steps: draft
-- before any began, completed or failed when all ended, abandoned when all were dropped or
-- cancelled, superseded when another plan of the same agent began before this one ended, else
-- active or paused.
WITH step AS (
  SELECT plan_id, step_id, status
  FROM step_states
  WHERE is_last
),
tally AS (
  SELECT
    plan_id,
    count_if(status <> 'removed') AS steps_total,
    count_if(status = 'done') AS steps_done,
    count_if(status = 'failed') AS steps_failed,
    count_if(status = 'running') AS steps_running,
    count_if(status IN ('paused', 'blocked')) AS steps_held,
    count_if(status = 'queued') AS steps_queued,
    count_if(status IN ('cancelled', 'removed')) AS steps_dropped,
    count(*) AS steps_ever
  FROM step
  GROUP BY plan_id
),
revised AS (
  SELECT
    plan_id,
    max(revision) AS revision,
    max_by(goal, at_ns) AS goal,
    min_by(request, at_ns) AS request
  FROM numbered_lists
  GROUP BY plan_id
),
word AS (
  SELECT
    plan_id,
    max_by(plan_status(word), at_ns) AS status,
    max(at_ns) AS at_ns
  FROM (
    SELECT plan_id, word, at_ns FROM dialect_plan_changes
    UNION ALL
    SELECT plan_id, plan_word, at_ns FROM numbered_lists
  )
  WHERE plan_status(word) IS NOT NULL
  GROUP BY plan_id
),
asked AS (
  SELECT plan_id, max_by(content, prompt.at_ns) AS request
  FROM plan_lives
  JOIN dialect_prompts AS prompt
    ON prompt.session_id = plan_lives.session_id AND prompt.at_ns <= plan_lives.from_ns
  WHERE content IS NOT NULL
  GROUP BY plan_id
),
judged AS (
  SELECT
    life.*,
    tally.* EXCLUDE (plan_id),
    coalesce(
      CASE WHEN word.status <> 'active' AND word.status <> 'draft' THEN word.status END,
      CASE
        WHEN steps_total = 0 OR steps_dropped = steps_ever THEN 'abandoned'
        WHEN steps_running + steps_held + steps_queued = 0
          THEN CASE WHEN steps_failed > 0 THEN 'failed' ELSE 'completed' END
        WHEN next_ns IS NOT NULL THEN 'superseded'
        WHEN steps_running = 0 AND steps_held > 0 THEN 'paused'
        WHEN steps_queued = steps_total THEN coalesce(word.status, 'draft')
        ELSE 'active'
      END
    ) AS status,
    greatest(last_ns, word.at_ns) AS last_change_ns
  FROM plan_lives AS life
  JOIN tally ON tally.plan_id = life.plan_id
  LEFT JOIN word ON word.plan_id = life.plan_id
),
call AS (
  SELECT
    call.plan_id, call.session_id, at_ns, input_tokens, output_tokens, cost_usd,
    coalesce(known.lane, '*') AS lane
  FROM planned_counted_llm_calls AS call
  LEFT JOIN (SELECT DISTINCT session_id, lane FROM plan_stretches) AS known
    ON known.session_id = call.session_id AND known.lane = call.agent
),
spent AS (
  SELECT
    plan_id,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd
  FROM (
    SELECT plan_id, input_tokens, output_tokens, cost_usd FROM call WHERE plan_id IS NOT NULL
    UNION ALL
    SELECT stretch.plan_id, input_tokens, output_tokens, cost_usd
    FROM call
    JOIN plan_stretches AS stretch
      ON stretch.session_id = call.session_id
      AND stretch.lane = call.lane
      AND stretch.from_ns <= call.at_ns
      AND stretch.to_ns > call.at_ns
    WHERE call.plan_id IS NULL AND stretch.plan_id IS NOT NULL
  )
  GROUP BY plan_id
)
SELECT
  judged.plan_id,
  judged.session_id,
  judged.agent,
  judged.dialect,
  judged.source,
  revised.goal,
  coalesce(revised.request, asked.request) AS request,
  judged.status,
  CAST(coalesce(revised.revision, judged.revision, 1) AS BIGINT) AS revision,
  CAST(judged.steps_total AS BIGINT) AS steps_total,
  CAST(judged.steps_done AS BIGINT) AS steps_done,
  CAST(judged.steps_failed AS BIGINT) AS steps_failed,
  at_nanos(judged.from_ns) AS started_at,
  CASE WHEN judged.status IN ('completed', 'failed', 'abandoned', 'superseded')
    THEN at_nanos(judged.last_change_ns) END AS ended_at,
  CASE WHEN judged.status IN ('completed', 'failed', 'abandoned', 'superseded')
    THEN elapsed_ms(judged.from_ns, judged.last_change_ns) END AS duration_ms,
  TRY_CAST(spent.input_tokens AS BIGINT) AS input_tokens,
  TRY_CAST(spent.output_tokens AS BIGINT) AS output_tokens,
  spent.cost_usd,
  judged.trace_id
FROM judged
LEFT JOIN revised ON revised.plan_id = judged.plan_id
LEFT JOIN asked ON asked.plan_id = judged.plan_id
LEFT JOIN spent ON spent.plan_id = judged.plan_id
