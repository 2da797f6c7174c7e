-- counted_lock_events: one row per thing that happened to a life of a lock. Log records are written
-- when it happens and count; spans count for lives that no log record tells of.
WITH logged AS (
  SELECT DISTINCT lock_id FROM dialect_lock_events WHERE source = 'log' AND lock_id IS NOT NULL
)
SELECT event.*
FROM owned_lock_events AS event
LEFT JOIN logged ON logged.lock_id = event.lock_id AND event.source = 'span'
WHERE logged.lock_id IS NULL
