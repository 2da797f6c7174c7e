-- woken_keys: one row per key of a story that goes on. Through a list, because DuckDB then expects
-- one row, and builds its hash table of these and not of all that is settled.
SELECT unnest(keys) AS key
FROM (SELECT list(key) AS keys FROM settled.keys WHERE story IN (SELECT story FROM woken_stories))
