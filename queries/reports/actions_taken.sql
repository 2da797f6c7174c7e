-- actions_taken: one row per meaningful action, in the order of each session, under the action that
-- led to it. All of them with: SET VARIABLE everything = true;
-- Narrow with: SET VARIABLE session_id = '…';
SELECT
  actions.session_id,
  actions.seq,
  parents.seq AS led_by,
  actions.at,
  actions.action_type,
  actions.target_kind,
  actions.target_id,
  actions.source,
  actions.reason_code,
  actions.outcome
FROM actions
LEFT JOIN actions AS parents
  ON parents.action_id = actions.parent_id AND parents.session_id = actions.session_id
WHERE (actions.meaningful OR coalesce(TRY_CAST(getvariable('everything') AS BOOLEAN), false))
  AND coalesce(actions.session_id = getvariable('session_id'), getvariable('session_id') IS NULL)
ORDER BY actions.session_id, actions.seq, actions.at
