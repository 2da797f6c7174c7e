-- words: emitters' words for statuses, and what makes two step titles the same.

-- step_status: one of the nine canonical words; a word nobody knows says only that the step exists.
CREATE OR REPLACE MACRO step_status(word) AS
  CASE replace(replace(lower(trim(word)), '-', '_'), ' ', '_')
    WHEN 'pending' THEN 'queued'
    WHEN 'in_progress' THEN 'running'
    WHEN 'completed' THEN 'done'
    WHEN 'running' THEN 'running'
    WHEN 'active' THEN 'running'
    WHEN 'doing' THEN 'running'
    WHEN 'started' THEN 'running'
    WHEN 'complete' THEN 'done'
    WHEN 'done' THEN 'done'
    WHEN 'success' THEN 'done'
    WHEN 'succeeded' THEN 'done'
    WHEN 'finished' THEN 'done'
    WHEN 'closed' THEN 'done'
    WHEN 'true' THEN 'done'
    WHEN 'failed' THEN 'failed'
    WHEN 'failure' THEN 'failed'
    WHEN 'error' THEN 'failed'
    WHEN 'paused' THEN 'paused'
    WHEN 'blocked' THEN 'blocked'
    WHEN 'cancelled' THEN 'cancelled'
    WHEN 'canceled' THEN 'cancelled'
    WHEN 'abandoned' THEN 'cancelled'
    WHEN 'skipped' THEN 'skipped'
    WHEN 'removed' THEN 'removed'
    WHEN 'deleted' THEN 'removed'
    ELSE 'queued'
  END;

-- is_final: nothing more is expected of a step in this status.
CREATE OR REPLACE MACRO is_final(status) AS
  status = 'done' OR status = 'failed' OR status = 'cancelled' OR status = 'skipped'
  OR status = 'removed';

-- plan_status: one of the seven canonical words, NULL for none.
CREATE OR REPLACE MACRO plan_status(word) AS
  CASE replace(lower(trim(word)), '-', '_')
    WHEN 'draft' THEN 'draft'
    WHEN 'proposed' THEN 'draft'
    WHEN 'approved' THEN 'active'
    WHEN 'active' THEN 'active'
    WHEN 'running' THEN 'active'
    WHEN 'in_progress' THEN 'active'
    WHEN 'paused' THEN 'paused'
    WHEN 'blocked' THEN 'paused'
    WHEN 'completed' THEN 'completed'
    WHEN 'complete' THEN 'completed'
    WHEN 'done' THEN 'completed'
    WHEN 'failed' THEN 'failed'
    WHEN 'abandoned' THEN 'abandoned'
    WHEN 'cancelled' THEN 'abandoned'
    WHEN 'superseded' THEN 'superseded'
  END;

-- normal_text: a title without case, spacing, list numbers, check boxes and closing punctuation.
-- Few titles have any of these; a regular expression costs ten times the test for one.
CREATE OR REPLACE MACRO normal_text(title) AS
  CASE
    WHEN contains('0123456789-*•[', left(ltrim(title), 1)) OR contains(title, '  ')
      OR contains(title, chr(10)) OR contains(title, chr(9))
    THEN rtrim(regexp_replace(
      regexp_replace(lower(trim(title)), '\s+', ' ', 'g'),
      '^(([0-9]+[.)]|[-*•]|\[[ x]\]) )+', ''
    ), ' .;:!')
    ELSE rtrim(lower(trim(title)), ' .;:!')
  END;

-- likeness: 0 to 1, the better of shared words (Jaccard) and shared spelling (Levenshtein).
CREATE OR REPLACE MACRO likeness(a, b) AS
  greatest(
    len(list_intersect(string_split(a, ' '), string_split(b, ' ')))
      / len(list_distinct(string_split(a, ' ') || string_split(b, ' '))),
    1 - levenshtein(a, b) / greatest(length(a), length(b), 1)
  );

-- visible: a text unless the emitter replaced it by a redaction marker.
CREATE OR REPLACE MACRO visible(content) AS
  CASE WHEN length(content) > 14 OR NOT regexp_matches(
    content, '^("?__REDACTED__"?|<REDACTED>|\[REDACTED\]|<redacted>|<elided>)$')
  THEN content END;

-- hides: whether the emitter replaced the text by such a marker.
CREATE OR REPLACE MACRO hides(content) AS
  content IS NOT NULL AND visible(content) IS NULL;

-- nanos: a TIMESTAMP (UTC) as unix nanoseconds; at_nanos: the way back, NULL for 0 and nonsense;
-- elapsed_ms: between two of them, whatever they hold.
CREATE OR REPLACE MACRO nanos(moment) AS TRY(epoch_us(moment) * 1000);
CREATE OR REPLACE MACRO at_nanos(ns) AS CASE WHEN ns > 0 THEN make_timestamp(ns // 1000) END;
CREATE OR REPLACE MACRO elapsed_ms(from_ns, to_ns) AS
  CASE WHEN from_ns > 0 AND to_ns > 0 THEN (to_ns - from_ns) / 1e6 END;

-- event_ns: when an event happened by its own account (ISO, milliseconds), else by the record's
-- time, which is that of a batch in some emitters.
CREATE OR REPLACE MACRO event_ns(attributes, at_ns) AS
  coalesce(nanos(TRY_CAST(attributes['event.timestamp'] AS TIMESTAMP)), at_ns);

-- before_ns: a moment that many milliseconds earlier.
CREATE OR REPLACE MACRO before_ns(at_ns, took_ms) AS
  coalesce(TRY(at_ns - CAST(took_ms * 1000000 AS BIGINT)), at_ns);

-- exit_code_in: the exit code that the text of a command's result tells of, NULL if of none.
CREATE OR REPLACE MACRO exit_code_in(result) AS
  TRY_CAST(regexp_extract(
    result, '(?:[Ee]xited with code|[Ee]xit [Cc]ode:?) (-?[0-9]+)', 1) AS INTEGER);

-- with_thoughts: output tokens with the reasoning, for emitters that may count it on top: they do
-- if it is needed to make up the total. Without a total, it is on top if the emitter's habit is
-- that.
CREATE OR REPLACE MACRO with_thoughts(input, output, thoughts, total, is_on_top) AS
  CASE WHEN CASE WHEN total > 0 AND thoughts > 0 THEN total > input + output ELSE is_on_top END
    THEN output + coalesce(thoughts, 0) ELSE output END;

-- first_word: the first of a JSON list of words, or the word itself.
CREATE OR REPLACE MACRO first_word(content) AS
  CASE WHEN content LIKE '[%' AND json_valid(content) THEN content ->> '$[0]' ELSE content END;
