-- todo_statements: one row per change of Copilot's table `todos` that an SQL statement asks for.
-- The
-- statements are read, not run: INSERT … VALUES, and UPDATE and DELETE with conditions on id and
-- status. `key` is NULL for a change of all rows; `only_from` are the statuses it is restricted to
-- or, with `is_not_from`, not to. Statements that cannot be read for certain (INSERT … SELECT,
-- CASE, LIKE) and those about other tables are passed over.
WITH said AS (
  SELECT
    call_number,
    regexp_extract_all(
      -- Comments go first; what looks like one inside a string stays.
      regexp_replace(text_in(document, 'query'), '(''(?:[^'']|'''')*'')|--[^\n]*', '\1', 'g'),
      '(?:''(?:[^'']|'''')*''|[^;''])+'
    ) AS statements
  FROM step_requests
  WHERE tool = 'sql'
),
statement AS (
  SELECT
    call_number,
    unnest(statements) AS statement,
    generate_subscripts(statements, 1) AS statement_number
  FROM said
),
parted AS (
  SELECT
    call_number,
    statement_number,
    statement,
    regexp_extract(
      statement,
      '(?is)^\s*(?:(INSERT|REPLACE)\b.*?\bINTO|(UPDATE)(?:\s+OR\s+\w+)?|(DELETE)\s+FROM)'
      || '\s+["`\[]?(?:main\.)?["`\[]?todos["`\]]?(?:\s|\(|$)',
      ['insert', 'update', 'delete']
    ) AS kind,
    regexp_extract(
      statement, '(?is)^(?:''(?:[^'']|'''')*''|[^''])*?\sWHERE\s+(.*)$', 1
    ) AS clause,
    regexp_extract(
      statement,
      '(?is)\bINTO\s+\S+?\s*(?:\(([^()]*)\))?\s*VALUES\s*'
      || '((?:\((?:''(?:[^'']|'''')*''|\([^()]*\)|[^()''])*\)\s*,?\s*)+)',
      ['columns', 'rows']
    ) AS inserted
  FROM statement
),
conditioned AS (
  SELECT
    *,
    left(statement, length(statement) - length(clause)) AS head,
    regexp_extract(
      clause,
      '(?is)\bid["`\]]?\s*(?:IN\s*\(|==?)\s*(?:(?:''(?:[^'']|'''')*''|[0-9]+)\s*,?\s*)+\)?'
      || '(?:\s+OR\s+["`\[]?id["`\]]?\s*==?\s*(?:''(?:[^'']|'''')*''|[0-9]+))*'
    ) AS by_id,
    regexp_extract(
      clause,
      '(?is)\bstatus["`\]]?\s*(?:(?:NOT\s+)?IN\s*\(|==?|<>|!=)\s*'
      || '(?:''(?:[^'']|'''')*''\s*,?\s*)+\)?'
    ) AS by_status
  FROM parted
),
worded AS (
  SELECT
    *,
    CASE WHEN inserted.columns = '' THEN ['id', 'title', 'description', 'status']
      ELSE regexp_extract_all(lower(inserted.columns), '\w+') END AS columns,
    regexp_extract_all(
      inserted.rows, '\(((?:''(?:[^'']|'''')*''|\([^()]*\)|[^()''])*)\)', 1
    ) AS lines
  FROM conditioned
  WHERE kind.insert <> ''
),
line AS (
  SELECT *, unnest(lines) AS line, generate_subscripts(lines, 1) AS place FROM worded
),
celled AS (
  SELECT
    *,
    list_transform(
      regexp_extract_all(line, '(?:''(?:[^'']|'''')*''|\([^()]*\)|[^,''()])+'),
      lambda cell: sql_value(trim(cell))
    ) AS cells
  FROM line
)
SELECT
  call_number,
  statement_number,
  place,
  cells[list_position(columns, 'id')] AS key,
  coalesce(cells[list_position(columns, 'title')], cells[list_position(columns, 'description')])
    AS title,
  coalesce(cells[list_position(columns, 'status')], 'pending') AS word,
  true AS is_new,
  CASE WHEN regexp_matches(statement, '(?i)\bOR\s+IGNORE\b|\bDO\s+NOTHING\b') THEN ['removed'] END
    AS only_from,
  false AS is_not_from
FROM celled
WHERE cells[list_position(columns, 'id')] IS NOT NULL
UNION ALL
SELECT
  call_number,
  statement_number,
  1,
  unnest(CASE WHEN by_id = '' THEN [CAST(NULL AS VARCHAR)] ELSE sql_values(by_id) END),
  sql_value(regexp_extract(
    head, '(?is)(?:SET|,)\s*["`\[]?title["`\]]?\s*=\s*(''(?:[^'']|'''')*'')', 1)),
  CASE WHEN kind.delete <> '' THEN 'removed' ELSE sql_value(regexp_extract(
    head, '(?is)(?:SET|,)\s*["`\[]?status["`\]]?\s*=\s*(''(?:[^'']|'''')*'')', 1)) END,
  false,
  CASE WHEN by_status <> '' THEN sql_values(by_status) END,
  regexp_matches(by_status, '(?is)^\w+["`\]]?\s*(?:<>|!=|NOT)')
FROM conditioned
WHERE kind.update || kind.delete <> ''
  AND regexp_full_match(
    replace(replace(clause, by_id, ''), by_status, ''), '(?i)(?:\s|AND\b|[()"`\[\]])*'
  )
