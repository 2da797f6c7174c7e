-- state_diffs: one row per change of a state that an agent keeps. `changes` is a JSON Patch (RFC
-- 6902), NULL where content was not to be told; equal hashes are equal states.
SELECT
  trace_id,
  span_id,
  session_id,
  plan_id,
  step_id,
  at_nanos(at_ns) AS "at",
  state_key,
  operation,
  changes,
  before_hash,
  after_hash,
  change_count,
  before_size,
  after_size,
  agent,
  linked_by,
  confidence
FROM placed_state_diffs
