-- plan_ledger: one row per step of each plan as it stands, in the plan's order, oldest plan first.
-- Dropped steps are kept, as removed. Tokens and calls are those counted for the step.
-- Narrow with: SET VARIABLE plan_id = '…'; or session_id, or agent.
SELECT
  plans.session_id,
  plans.agent,
  plans.plan_id,
  plans.status AS plan_status,
  steps.position,
  steps.title,
  steps.status,
  steps.attempt,
  steps.started_at,
  steps.duration_ms,
  steps.llm_calls,
  steps.tool_calls,
  steps.input_tokens,
  steps.output_tokens,
  steps.cost_usd,
  steps.error,
  steps.identity_source
FROM plan_steps AS steps
JOIN plans ON plans.plan_id = steps.plan_id
WHERE coalesce(plans.plan_id = getvariable('plan_id'), true)
  AND coalesce(plans.session_id = getvariable('session_id'), true)
  AND coalesce(plans.agent = getvariable('agent'), getvariable('agent') IS NULL)
ORDER BY plans.started_at, plans.plan_id, steps.position, steps.title
