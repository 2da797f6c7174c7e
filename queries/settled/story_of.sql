-- story_of: one row per key by which a row of the ledger names its story: a record's, or the id of a
-- plan that was made up for it.
SELECT key, story
FROM told
WHERE is_over
UNION ALL
SELECT plan_id, min(story)
FROM plans
JOIN told ON key = coalesce(session_id, trace_id)
WHERE is_over AND plan_id NOT IN (SELECT key FROM told)
GROUP BY plan_id
