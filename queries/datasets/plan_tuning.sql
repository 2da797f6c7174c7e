-- plan_tuning: one row per plan: what was asked, the steps with how each ended, and how all of it
-- ended. A plan that is still going on is there too; its status says so.
-- Narrow with: SET VARIABLE since = '2026-01-01';
WITH step AS (
  SELECT
    plan_id,
    list({
      'title': title,
      'status': status,
      'attempts': attempt,
      'output': output,
      'error': error
    } ORDER BY status = 'removed', position, step_id) AS steps
  FROM plan_steps
  GROUP BY plan_id
)
SELECT
  coalesce(plan.session_id, plan.trace_id) AS session_id,
  plan.plan_id,
  plan.agent,
  plan.dialect,
  plan.trace_id,
  plan.request,
  plan.goal,
  plan.status AS outcome,
  plan.revision,
  to_json(step.steps) AS steps
FROM plans AS plan
JOIN step ON step.plan_id = plan.plan_id
WHERE getvariable('since') IS NULL OR plan.started_at >= CAST(getvariable('since') AS TIMESTAMP)
ORDER BY 1, plan.started_at, plan.plan_id
