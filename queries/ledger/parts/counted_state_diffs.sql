-- counted_state_diffs: one row per row of state_diffs, named by whoever emitted it: nothing is told twice.
SELECT * FROM owned_state_diffs
