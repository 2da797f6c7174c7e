"""Hold every query to its answers.

A folder in `tests/queries` is one story told in journal lines (`spans.jsonl`, `logs.jsonl`), with
one CSV per view or report asked of it; `variables.json` sets what a report needs. After a wanted
change, `pytest tests/test_queries.py --update-golden` rewrites the CSVs: read the diff.
"""

import csv
import functools
import io
import json
import re
from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.columns import TABLES, sql_columns
from spanledger_exporters.reading.queries import (
    macros_sql,
    quote_reserved,
    reports,
    views_sql,
)
from spanledger_exporters.reading.sqlfiles import queries_dir
from spanledger_exporters.storing.dialects import found_by

STORIES = Path(__file__).parent / "queries"
GOLDEN = sorted(path.relative_to(STORIES) for path in STORIES.glob("*/*.csv"))
CONTRACT = {
    "sessions": "session_id, agent, dialect, title, status, started_at, ended_at, duration_ms, "
    "plans, steps_done, steps_total, llm_calls, tool_calls, errors, input_tokens, output_tokens, "
    "cost_usd",
    "plans": "plan_id, session_id, agent, dialect, source, goal, request, status, revision, "
    "steps_total, steps_done, steps_failed, started_at, ended_at, duration_ms, input_tokens, "
    "output_tokens, cost_usd, trace_id",
    "plan_steps": "plan_id, step_id, position, title, status, attempt, started_at, ended_at, "
    "duration_ms, output, stdout, stderr, error, llm_calls, tool_calls, input_tokens, "
    "output_tokens, cost_usd, lock_wait_ms, identity_source, trace_id, span_id",
    "plan_step_history": "plan_id, revision, step_id, position, title, previous_status, status, "
    "at, trace_id, span_id, source, identity_source",
    "llm_calls": "session_id, agent, dialect, plan_id, step_id, trace_id, span_id, provider, "
    "model, started_at, duration_ms, ttft_ms, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, cost_usd, cost_source, finish_reason, error, "
    "input_messages, output_messages, messages_mode",
    "tool_calls": "session_id, agent, dialect, plan_id, step_id, trace_id, span_id, tool, "
    "call_id, arguments, result, ok, error, decision, started_at, duration_ms",
    **dict.fromkeys(
        ("lock_events", "lock_waits", "lock_holders"),
        "lock_key, lock_id, operation, owner, event, at, wait_ms, hold_ms, plan_id, step_id, "
        "trace_id, span_id",
    ),
    "errors": "trace_id, span_id, session_id, agent, plan_id, step_id, at, type, message, "
    "stacktrace, locals, state_snapshot, code_function",
    "state_diffs": "trace_id, span_id, session_id, plan_id, step_id, at, state_key, operation, "
    "changes, before_hash, after_hash",
    "trace_links": "trace_id, kind, ref_id, at, summary, linked_by, confidence",
    "actions": "seq, at, trace_id, parent_id, session_id, action_type, target_kind, target_id, "
    "scope_kind, scope_id, source, resolver_path, reason_code, outcome, meaningful, dedupe_key",
}
"""The columns promised to users, which come first and in this order."""

VIEWS = {path.stem for path in (Path(str(queries_dir())) / "ledger").glob("*.sql")}
_TIMES = {
    "spans": "CASE WHEN start_ns > 0 THEN make_timestamp(start_ns // 1000) END AS started_at, "
    "CASE WHEN end_ns > 0 THEN make_timestamp(end_ns // 1000) END AS ended_at, "
    "CASE WHEN start_ns > 0 AND end_ns > 0 THEN (end_ns - start_ns) / 1e6 END AS duration_ms, "
    "false AS conflict",
    "logs": 'make_timestamp(coalesce(time_ns, observed_ns) // 1000) AS "at"',
    "metrics": 'make_timestamp(time_ns // 1000) AS "at"',
}


@functools.cache
def ledger(story: Path | None) -> duckdb.DuckDBPyConnection:
    """The tables and macros over one story's journal lines, or over nothing."""
    db = duckdb.connect()
    for signal in TABLES:
        path = story / f"{signal}.jsonl" if story else None
        if path is not None and path.exists():
            lines = f"read_json('{path}', format = 'newline_delimited', columns = "
            rows = f"SELECT * FROM {lines}{sql_columns(signal)})"
        else:
            columns = (f'CAST(NULL AS {c.type}) AS "{c.name}"' for c in TABLES[signal])
            rows = f"SELECT {', '.join(columns)} WHERE false"
        db.execute(f"CREATE VIEW {signal} AS SELECT *, {_TIMES[signal]} FROM ({rows})")
    for macro in macros_sql():
        db.execute(macro.text)
    return db


@functools.cache
def statements(story: Path | None) -> dict[str, str]:
    """What makes the views, for the dialects of one story."""
    present = found_by(ledger(story), {"spans": "spans", "logs": "logs"})
    return {statement.name: statement.text for statement in views_sql(present)}


@functools.cache
def make_view(story: Path | None, name: str) -> None:
    for statement in (f"sql_of_{name}", name):
        ledger(story).execute(statements(story)[statement])


def asked(story: Path | None, text: str) -> duckdb.DuckDBPyConnection:
    """The answer to a query, of which only the views are made that it names: all take a second."""
    for name in VIEWS & set(re.findall(r"\w+", text)):
        make_view(story, name)
    return ledger(story).execute(text)


def datasets() -> dict[str, str]:
    """What training sets are made of, by name: `spanledger export tuning` reads these."""
    files = (Path(str(queries_dir())) / "datasets").glob("*.sql")
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


@functools.cache
def empty_columns(view: str) -> list[tuple[str, str]]:
    """Names and types; a file says of its views what was true when they were empty."""
    return columns_of(asked(None, f"SELECT * FROM {view}"))


def columns_of(cursor: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return [(column[0], str(column[1])) for column in cursor.description or ()]


def answer(story: Path, query: str) -> str:
    db = ledger(story)
    variables = story / "variables.json"
    if variables.exists():
        for name, value in json.loads(variables.read_text()).items():
            db.execute(f"SET VARIABLE {name} = '{value}'")
    report = reports().get(query)
    text = report.text if report else datasets().get(query)
    cursor = asked(story, text or f"SELECT * FROM {query} ORDER BY ALL")
    assert query not in VIEWS or columns_of(cursor) == empty_columns(query)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column[0] for column in cursor.description or ()])
    writer.writerows(cursor.fetchall())
    return out.getvalue()


@pytest.mark.parametrize("path", GOLDEN, ids=str)
def test_a_story_has_the_expected_answer(path: Path, request: pytest.FixtureRequest) -> None:
    golden = STORIES / path
    got = answer(golden.parent, golden.stem)
    if request.config.getoption("--update-golden"):
        golden.write_text(got, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == got


def test_every_view_and_report_has_a_golden_answer() -> None:
    assert VIEWS | set(reports()) | set(datasets()) == {path.stem for path in GOLDEN}


@pytest.mark.parametrize("view", sorted(CONTRACT))
def test_a_view_begins_with_the_promised_columns(view: str) -> None:
    promised = CONTRACT[view].split(", ")
    description = asked(None, f"SELECT * FROM {view}").description or ()
    assert [column[0] for column in description][: len(promised)] == promised


@pytest.mark.parametrize("name", sorted(reports()))
def test_a_report_is_one_read_only_select_under_a_header(name: str) -> None:
    report = reports()[name]
    assert report.text.startswith(f"-- {name}: one row per ")
    assert "getvariable(" in report.text
    statements = duckdb.extract_statements(report.text)
    assert [s.type for s in statements] == [duckdb.StatementType.SELECT]
    assert asked(None, report.text).fetchall() == []


def test_every_relation_says_what_one_row_is() -> None:
    root = Path(str(queries_dir()))
    for folder in (
        "datasets",
        "schema/inputs",
        "schema/kinds",
        "ledger",
        "ledger/parts",
        "settled",
    ):
        for file in (root / folder).glob("*.sql"):
            assert file.read_text().startswith(f"-- {file.stem}: one row per "), file


def test_views_survive_in_a_file_that_older_versions_open(tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    db = duckdb.connect()
    db.execute(f"ATTACH '{path}' AS ledger (STORAGE_VERSION 'v1.5.0')")
    db.execute("USE ledger")
    for signal in TABLES:
        columns = ", ".join(f'"{column.name}" {column.type}' for column in TABLES[signal])
        db.execute(f"CREATE TABLE {signal}_received ({columns})")
        db.execute(f"CREATE VIEW {signal} AS SELECT *, {_TIMES[signal]} FROM {signal}_received")
    for statement in views_sql():
        db.execute(statement.text)
    db.close()
    with duckdb.connect(path, read_only=True) as reader:
        for view in CONTRACT:
            assert reader.execute(f"SELECT * FROM {view}").fetchall() == []


def test_a_dialect_with_a_longer_claim_is_not_taken_for_a_general_one() -> None:
    db = ledger(None)
    cases = [
        ("openinference.instrumentation.langchain", None, "LLM", None, "openinference"),
        ("opentelemetry.instrumentation.openai.v1", None, None, "chat", "traceloop"),
        ("opentelemetry.instrumentation.openai_v2", None, None, "chat", "semconv"),
        ("opentelemetry.instrumentation.genai.anthropic", None, None, "chat", "semconv"),
        ("com.anthropic.sdk.python", None, None, "chat", "anthropic_sdk"),
        ("gcp.vertex.agent", None, None, "generate_content", "adk"),
        ("pydantic-ai", None, None, "chat", "pydantic_ai"),
        ("codex_otel.log_only", "codex.tool_result", None, None, "codex"),
        ("com.anthropic.claude_code.events", "tool_result", None, None, "claude_code"),
        ("events", "claude_code.tool_result", None, None, "claude_code"),
        ("events", "qwen-code.tool_call", None, None, "qwen_code"),
        ("gemini-cli", "gen_ai.client.inference.operation.details", None, None, "gemini_cli"),
        ("github.copilot", None, None, "chat", "copilot_cli"),
        ("opencode", None, None, "ai.streamText", "opencode"),
        ("goose", None, None, "chat", "goose"),
        ("my.tracer", None, None, "chat", "semconv"),
        ("my.tracer", None, "tool", None, "traceloop"),
        ("pydantic-ai", None, "LLM", "chat", "openinference"),
        ("traceloop.tracer", None, "task", None, "traceloop"),
        ("strands.telemetry.tracer", None, None, "chat", "strands"),
        ("langsmith", None, "tool", "execute_tool", "langsmith"),
        ("my.tracer", None, "llm", None, "langsmith"),
        ("ai", None, None, "ai.streamText.doStream", "vercel"),
        ("my.tracer", None, None, "ai.toolCall", "vercel"),
        ("@ai-sdk/otel", None, None, "chat", "vercel"),
        ("gen_ai", None, None, "chat", "vercel"),
        ("@mastra/otel-exporter", None, "tool_call", "execute_tool", "mastra"),
        ("my.tracer", None, "workflow_step", None, "mastra"),
        ("crewai.telemetry", None, None, "execute_task", "crewai"),
        ("autogen-core", None, None, "execute_tool", "autogen"),
        ("agent_framework", None, None, "chat", "ms_af"),
        ("my.tracer", None, None, None, None),
    ]
    for scope, event, kind, operation, expected in cases:
        found = db.execute(
            "SELECT dialect_of(?, 'svc', ?, ?, ?)", [scope, event, kind, operation]
        ).fetchone()
        assert found == (expected,), scope


def test_a_bare_reserved_column_is_quoted_and_nothing_else() -> None:
    text = "SELECT at, \"at\", 'at', h.at FROM h WHERE at > 1 ORDER BY max(at) -- at"
    wanted = 'SELECT "at", "at", \'at\', h.at FROM h WHERE "at" > 1 ORDER BY max("at") -- at'
    assert quote_reserved(text) == wanted
