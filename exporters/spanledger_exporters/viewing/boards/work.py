"""What agents did and what it cost: the fleet, one session, one plan, models and steps.

`$__timeFilter(column)` and `$__dateBin(column)` are Grafana's macros, `${name:sqlstring}` one of
the drop-downs over the dashboard, quoted. What is unknown is `-`, so that "All" is all.
"""

from typing import Final

from spanledger_exporters.viewing.grafana import Dashboard, Panel, Variable

AGENTS: Final = Variable(
    "agent", "Agent", "SELECT DISTINCT coalesce(agent, '-') FROM sessions ORDER BY 1", many=True
)
_SESSIONS: Final = Variable(
    "session", "Session", "SELECT session_id FROM sessions ORDER BY started_at DESC LIMIT 500"
)
_PLANS: Final = Variable(
    "plan", "Plan", "SELECT plan_id FROM plans ORDER BY started_at DESC LIMIT 500"
)
OURS: Final = "coalesce(agent, '-') IN (${agent:sqlstring})"
MS: Final = {"duration_ms": "ms"}

FLEET: Final = Dashboard(
    "spanledger-fleet",
    "Fleet overview",
    (
        Panel(
            "In this time",
            "stat",
            f"""
SELECT count(*) AS sessions, sum(plans) AS plans, sum(steps_done) AS steps_done,
  sum(llm_calls) AS llm_calls, sum(tool_calls) AS tool_calls, sum(errors) AS errors,
  sum(cost_usd) AS cost_usd
FROM sessions WHERE $__timeFilter(started_at) AND {OURS}
""",
            height=4,
            units={"cost_usd": "currencyUSD"},
        ),
        Panel(
            "Sessions begun",
            "timeseries",
            f"""
SELECT $__dateBin(started_at) AS time, coalesce(agent, '-') AS agent, count(*) AS sessions
FROM sessions WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
        ),
        Panel(
            "How plans ended",
            "barchart",
            f"""
SELECT status, count(*) AS plans
FROM plans WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY 1 ORDER BY 2 DESC
""",
            width=12,
        ),
        Panel(
            "Agents",
            "table",
            f"""
SELECT agent, session_id, status, task, since, last_seen, tasks_started, tasks_failed, errors,
  last_error, plan_id, trace_id
FROM agent_status WHERE $__timeFilter(last_seen) AND {OURS}
ORDER BY last_seen DESC LIMIT 200
""",
        ),
        Panel(
            "Sessions",
            "table",
            f"""
SELECT started_at, session_id, agent, dialect, title, status, duration_ms, plans, steps_done,
  steps_total, llm_calls, tool_calls, errors, input_tokens, output_tokens, cost_usd
FROM sessions WHERE $__timeFilter(started_at) AND {OURS}
ORDER BY started_at DESC LIMIT 500
""",
            height=12,
            units={**MS, "cost_usd": "currencyUSD"},
        ),
    ),
    (AGENTS,),
)

SESSION: Final = Dashboard(
    "spanledger-session",
    "One session",
    (
        Panel(
            "Session",
            "table",
            """
SELECT session_id, agent, dialect, title, status, started_at, duration_ms, steps_done, steps_total,
  llm_calls, tool_calls, errors, input_tokens, output_tokens, cost_usd
FROM sessions WHERE session_id = ${session:sqlstring}
""",
            height=4,
            units={**MS, "cost_usd": "currencyUSD"},
        ),
        Panel(
            "Plans",
            "table",
            """
SELECT plan_id, status, goal, revision, steps_done, steps_failed, steps_total, started_at,
  duration_ms, cost_usd, trace_id
FROM plans WHERE session_id = ${session:sqlstring} ORDER BY started_at
""",
            height=6,
            units={**MS, "cost_usd": "currencyUSD"},
        ),
        Panel(
            "Model calls",
            "table",
            """
SELECT started_at, provider, model, step_id, duration_ms, ttft_ms, input_tokens, output_tokens,
  cost_usd, finish_reason, error, trace_id
FROM llm_calls WHERE session_id = ${session:sqlstring} ORDER BY started_at LIMIT 1000
""",
            width=12,
            units={**MS, "ttft_ms": "ms", "cost_usd": "currencyUSD"},
        ),
        Panel(
            "Tool calls",
            "table",
            """
SELECT started_at, tool, ok, error, decision, arguments, step_id, duration_ms, trace_id
FROM tool_calls WHERE session_id = ${session:sqlstring} ORDER BY started_at LIMIT 1000
""",
            width=12,
            units=MS,
        ),
        Panel(
            "What went wrong",
            "table",
            """
SELECT "at", type, message, step_id, code_function, source, trace_id
FROM errors WHERE session_id = ${session:sqlstring} ORDER BY "at" LIMIT 1000
""",
        ),
    ),
    (_SESSIONS,),
)

PLAN: Final = Dashboard(
    "spanledger-plan",
    "Plan and step timeline",
    (
        Panel(
            "Plan",
            "table",
            """
SELECT plan_id, session_id, agent, status, goal, request, revision, steps_done, steps_total,
  started_at, ended_at, duration_ms, cost_usd, trace_id
FROM plans WHERE plan_id = ${plan:sqlstring}
""",
            height=4,
            units={**MS, "cost_usd": "currencyUSD"},
        ),
        Panel(
            "Steps over time",
            "state-timeline",
            """
SELECT "at" AS time, concat(lpad(CAST(position AS VARCHAR), 2, '0'), ' ', title) AS step, status
FROM plan_step_history WHERE plan_id = ${plan:sqlstring} AND $__timeFilter("at")
ORDER BY 1
""",
            height=10,
            note="Each row is a step; its colour is its status, as it was told at that time.",
        ),
        Panel(
            "Steps",
            "table",
            """
SELECT position, title, status, attempt, started_at, duration_ms, lock_wait_ms, llm_calls,
  tool_calls, input_tokens, output_tokens, cost_usd, error, identity_source, trace_id
FROM plan_steps WHERE plan_id = ${plan:sqlstring} ORDER BY position
""",
            units={**MS, "lock_wait_ms": "ms", "cost_usd": "currencyUSD"},
        ),
        Panel(
            "What happened",
            "table",
            """
SELECT "at", revision, position, title, previous_status, status, source, identity_source, trace_id
FROM plan_step_history WHERE plan_id = ${plan:sqlstring} ORDER BY "at", position LIMIT 2000
""",
        ),
    ),
    (_PLANS,),
)

COST: Final = Dashboard(
    "spanledger-cost",
    "Cost by step and model",
    (
        Panel(
            "Cost",
            "timeseries",
            f"""
SELECT $__dateBin(started_at) AS time, coalesce(model, '-') AS model, sum(cost_usd) AS cost_usd
FROM llm_calls WHERE $__timeFilter(started_at) AND {OURS} AND cost_usd IS NOT NULL
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
            units={"cost_usd": "currencyUSD"},
        ),
        Panel(
            "Tokens",
            "timeseries",
            f"""
SELECT $__dateBin(started_at) AS time, coalesce(model, '-') AS model,
  sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) AS tokens
FROM llm_calls WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
        ),
        Panel(
            "Models",
            "table",
            f"""
SELECT provider, model, count(*) AS calls, count_if(error IS NOT NULL) AS failed,
  sum(input_tokens) AS input_tokens, sum(cache_read_tokens) AS cache_read_tokens,
  sum(output_tokens) AS output_tokens, quantile_cont(duration_ms, 0.5) AS median_ms,
  quantile_cont(duration_ms, 0.95) AS p95_ms, sum(cost_usd) AS cost_usd,
  count_if(cost_usd IS NULL) AS calls_without_cost
FROM llm_calls WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY 1, 2 ORDER BY cost_usd DESC NULLS LAST, calls DESC
""",
            units={"median_ms": "ms", "p95_ms": "ms", "cost_usd": "currencyUSD"},
        ),
        Panel(
            "Dearest steps",
            "table",
            f"""
SELECT title, status, agent, session_id, plan_id, attempt, llm_calls, input_tokens, output_tokens,
  cost_usd, duration_ms, trace_id
FROM plan_steps WHERE $__timeFilter(started_at) AND {OURS} AND llm_calls > 0
ORDER BY cost_usd DESC NULLS LAST, coalesce(input_tokens, 0) + coalesce(output_tokens, 0) DESC
LIMIT 100
""",
            units={**MS, "cost_usd": "currencyUSD"},
        ),
    ),
    (AGENTS,),
)
