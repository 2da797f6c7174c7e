-- lock_holders: one row per holding of a lock, "at" when it began. `event` is held while it lasts,
-- released, or lost: never given back (a process died), but the exclusive lock went to somebody
-- else; `waiters` counts the requests that waited meanwhile.
WITH waiting AS (
  SELECT holder_id, count(*) AS waiters FROM lock_waits WHERE holder_id IS NOT NULL GROUP BY holder_id
)
SELECT
  life.lock_key,
  life.lock_id,
  life.operation,
  life.owner,
  life.fate AS event,
  at_nanos(life.acquired_ns) AS "at",
  life.wait_ms,
  coalesce(life.hold_ms, elapsed_ms(life.acquired_ns, life.held_until_ns)) AS hold_ms,
  life.plan_id,
  life.step_id,
  life.trace_id,
  life.span_id,
  coalesce(waiting.waiters, 0) AS waiters,
  life.kind,
  life.mode,
  life.session_id,
  life.agent
FROM lock_lives AS life
LEFT JOIN waiting ON waiting.holder_id = life.lock_id
WHERE life.acquired_ns IS NOT NULL
