"""What held agents up, what went wrong, and which of it is worth training on.

Grafana's macros and drop-downs as in `work.py`.
"""

from typing import Final

from spanledger_exporters.viewing.boards.work import AGENTS, MS, OURS
from spanledger_exporters.viewing.grafana import Dashboard, Panel

LOCKS: Final = Dashboard(
    "spanledger-locks",
    "Lock contention",
    (
        Panel(
            "Time spent waiting",
            "timeseries",
            f"""
SELECT $__dateBin("at") AS time, lock_key, sum(wait_ms) AS wait_ms
FROM lock_waits WHERE $__timeFilter("at") AND {OURS}
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
            units={"wait_ms": "ms"},
        ),
        Panel(
            "Locks",
            "table",
            f"""
SELECT lock_key, count(*) AS waits, count_if(event = 'waiting') AS waiting_now,
  count_if(event IN ('timed_out', 'denied')) AS given_up, sum(wait_ms) AS total_wait_ms,
  quantile_cont(wait_ms, 0.95) AS p95_wait_ms
FROM lock_waits WHERE $__timeFilter("at") AND {OURS}
GROUP BY 1 ORDER BY total_wait_ms DESC NULLS LAST LIMIT 100
""",
            width=12,
            units={"total_wait_ms": "ms", "p95_wait_ms": "ms"},
        ),
        Panel(
            "Who waited for whom",
            "table",
            f"""
SELECT "at", lock_key, owner, event, wait_ms, holder, holder_operation, holder_since, agent,
  session_id, plan_id, step_id, trace_id
FROM lock_waits WHERE $__timeFilter("at") AND {OURS}
ORDER BY "at" DESC LIMIT 500
""",
            units={"wait_ms": "ms"},
        ),
        Panel(
            "Held now",
            "table",
            f"""
SELECT lock_key, owner, operation, "at" AS since, waiters, agent, session_id, plan_id, trace_id
FROM lock_holders WHERE event = 'held' AND {OURS}
ORDER BY "at" LIMIT 200
""",
            note="At any time, not only in the dashboard's; a killed process may be among them.",
        ),
    ),
    (AGENTS,),
)

ERRORS: Final = Dashboard(
    "spanledger-errors",
    "Errors",
    (
        Panel(
            "Errors",
            "timeseries",
            f"""
SELECT $__dateBin("at") AS time, coalesce(type, '-') AS type, count(*) AS errors
FROM errors WHERE $__timeFilter("at") AND {OURS}
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
        ),
        Panel(
            "Kinds",
            "table",
            f"""
SELECT type, code_function, count(*) AS errors, count(DISTINCT session_id) AS sessions,
  min("at") AS first_at, max("at") AS last_at, max_by(message, "at") AS last_message,
  max_by(trace_id, "at") AS trace_id
FROM errors WHERE $__timeFilter("at") AND {OURS}
GROUP BY 1, 2 ORDER BY errors DESC LIMIT 100
""",
            width=12,
        ),
        Panel(
            "Errors, the latest first",
            "table",
            f"""
SELECT "at", type, message, agent, session_id, plan_id, step_id, code_function, source, stacktrace,
  trace_id
FROM errors WHERE $__timeFilter("at") AND {OURS}
ORDER BY "at" DESC LIMIT 500
""",
            height=12,
        ),
        Panel(
            "Failed tools",
            "table",
            f"""
SELECT tool, count(*) AS calls, count_if(NOT ok) AS failed, max_by(error, started_at) AS last_error,
  quantile_cont(duration_ms, 0.95) AS p95_ms
FROM tool_calls WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY 1 HAVING count_if(NOT ok) > 0 ORDER BY failed DESC
""",
            units={"p95_ms": "ms"},
        ),
    ),
    (AGENTS,),
)

_LIMIT: Final = """\
WITH limited AS (
  SELECT *, attributes['spanledger.rate_limit.kind'] AS kind,
    TRY_CAST(attributes['spanledger.rate_limit.retry_after'] AS DOUBLE) AS retry_after_s,
    TRY_CAST(attributes['spanledger.rate_limit.limit'] AS DOUBLE) AS allowed,
    TRY_CAST(attributes['spanledger.rate_limit.remaining'] AS DOUBLE) AS remaining
  FROM logs WHERE event_name = 'spanledger.rate_limit' AND $__timeFilter("at")
)
"""

LIMITS: Final = Dashboard(
    "spanledger-limits",
    "Rate limits",
    (
        Panel(
            "Told to wait",
            "timeseries",
            f"""
{_LIMIT}SELECT $__dateBin("at") AS time, coalesce(provider, '-') AS provider,
  sum(retry_after_s) AS retry_after_s
FROM limited WHERE retry_after_s > 0
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
            units={"retry_after_s": "s"},
        ),
        Panel(
            "What is left, in percent",
            "timeseries",
            f"""
{_LIMIT}SELECT $__dateBin("at") AS time, concat_ws(' ', provider, kind) AS allowance,
  100 * min(remaining / nullif(allowed, 0)) AS remaining
FROM limited WHERE remaining IS NOT NULL
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
            units={"remaining": "percent"},
        ),
        Panel(
            "Answers that told of a limit",
            "table",
            f"""
{_LIMIT}SELECT "at", provider, model, kind, remaining, allowed, retry_after_s, session_id, plan_id,
  trace_id
FROM limited ORDER BY "at" DESC LIMIT 500
""",
            units={"retry_after_s": "s"},
        ),
        Panel(
            "Model calls that failed",
            "table",
            f"""
SELECT started_at, provider, model, error, duration_ms, agent, session_id, plan_id, trace_id
FROM llm_calls WHERE $__timeFilter(started_at) AND {OURS} AND error IS NOT NULL
ORDER BY started_at DESC LIMIT 500
""",
            units=MS,
            note="Emitters that say nothing of limits show a 429 or a RateLimitError here.",
        ),
    ),
    (AGENTS,),
)

YIELD: Final = Dashboard(
    "spanledger-yield",
    "Tuning yield",
    (
        Panel(
            "Plans",
            "stat",
            f"""
SELECT count_if(status = 'completed') AS completed,
  count_if(status = 'completed' AND request IS NOT NULL) AS completed_with_request,
  count_if(status IN ('failed', 'abandoned')) AS failed
FROM plans WHERE $__timeFilter(started_at) AND {OURS}
""",
            width=8,
            height=4,
            note="What a dataset could be made from, before any filter or consent.",
        ),
        Panel(
            "Steps",
            "stat",
            f"""
SELECT count_if(status = 'done') AS done,
  count_if(status = 'done' AND attempt > 1) AS done_on_retry,
  count_if(status = 'failed') AS failed
FROM plan_steps WHERE $__timeFilter(started_at) AND {OURS}
""",
            width=8,
            height=4,
        ),
        Panel(
            "Model calls",
            "stat",
            f"""
SELECT count_if(error IS NULL) AS answered,
  count_if(error IS NULL AND input_messages IS NOT NULL AND output_messages IS NOT NULL)
    AS answered_with_messages
FROM llm_calls WHERE $__timeFilter(started_at) AND {OURS}
""",
            width=8,
            height=4,
        ),
        Panel(
            "Plans by outcome",
            "timeseries",
            f"""
SELECT $__dateBin(started_at) AS time, status, count(*) AS plans
FROM plans WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY 1, 2 ORDER BY 1
""",
            width=12,
        ),
        Panel(
            "Whose calls carry their messages",
            "table",
            f"""
SELECT agent, dialect, model, count(*) AS calls,
  count_if(input_messages IS NOT NULL AND output_messages IS NOT NULL) AS with_messages,
  count_if(messages_mode = 'full') AS whole_history, count_if(error IS NOT NULL) AS failed
FROM llm_calls WHERE $__timeFilter(started_at) AND {OURS}
GROUP BY ALL ORDER BY calls DESC LIMIT 100
""",
            width=12,
        ),
        Panel(
            "Requests with both a good and a bad outcome",
            "table",
            f"""
SELECT request, count(*) AS plans, count_if(status = 'completed') AS completed,
  count_if(status IN ('failed', 'abandoned')) AS failed, max(started_at) AS last_at
FROM plans WHERE request IS NOT NULL AND $__timeFilter(started_at) AND {OURS}
GROUP BY 1 HAVING count_if(status = 'completed') > 0
  AND count_if(status IN ('failed', 'abandoned')) > 0
ORDER BY plans DESC LIMIT 100
""",
            note="Pairs for preference tuning.",
        ),
    ),
    (AGENTS,),
    since="now-30d",
)
