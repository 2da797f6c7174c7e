"""Print plans, sessions and traces the way people look at them: as outlines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from spanledger_exporters.reading.render import cell, console_for

Row = Mapping[str, Any]

_COLOURS: Final = {
    "done": "green",
    "completed": "green",
    "running": "cyan",
    "active": "cyan",
    "failed": "red",
    "blocked": "yellow",
    "paused": "yellow",
    "abandoned": "yellow",
    "removed": "dim",
    "cancelled": "dim",
    "skipped": "dim",
    "superseded": "dim",
    "ok": "green",
    "warn": "yellow",
    "fail": "red",
}
_ERROR: Final = 2
"""OTLP's status code."""


def print_plans(plans: Sequence[Row], out: TextIO) -> None:
    """Each plan with its steps, a line a step, and what went wrong under it."""
    console = console_for(out)
    if not plans:
        console.print("no plans")
    for number, plan in enumerate(plans):
        if number:
            console.print()
        _line(console, _plan_title(plan))
        _line(console, Text(_plan_facts(plan), style="dim"))
        console.print(_steps(plan["steps"] or ()))


def _plan_title(plan: Row) -> Text:
    title = Text(cell(plan["goal"] or plan["request"] or "plan"), style="bold")
    return title.append("  ").append(_status(plan["status"]))


def _plan_facts(plan: Row) -> str:
    facts = {
        "plan": plan["plan_id"],
        "session": plan["session_id"],
        "by": plan["agent"] or plan["dialect"],
        "revision": plan["revision"],
        "at": plan["started_at"],
        "took": duration(plan["duration_ms"]),
        "tokens": tokens(plan),
        "cost": money(plan["cost_usd"]),
    }
    return "  ".join(f"{name} {cell(value)}" for name, value in facts.items() if value)


def _steps(steps: Iterable[Row]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("right", "left", "left", "left", "right", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for step in steps:
        table.add_row(
            cell(step["position"]),
            _status(step["status"]),
            Text(cell(step["title"])),
            Text(_history(step["history"] or ()), style="dim"),
            duration(step["duration_ms"]),
            tokens(step),
            money(step["cost_usd"]),
            Text(cell(step["error"]), style="red"),
        )
    return table


def _history(changes: Iterable[Row]) -> str:
    """`queued → running → done`, with a new title where it was renamed."""
    words: list[str] = []
    title = status = None
    for change in changes:
        renamed = title is not None and change["title"] not in (None, title)
        if renamed:
            words.append(f"({cell(title)} renamed)")
        if change["status"] != status:
            words.append(cell(change["status"]))
        title, status = change["title"] or title, change["status"]
    return " → ".join(words)


def print_session(session: Row, out: TextIO) -> None:
    """One session: its facts, then a table each of plans, models, tools and messages."""
    console = console_for(out)
    lists = ("plan_list", "models", "tools", "messages")
    for name, value in session.items():
        if value is not None and name not in lists:
            _line(console, Text(f"{name:>14} ", style="bold").append(cell(value), "not bold"))
    for name in lists:
        if session[name]:
            console.print()
            console.print(_listing(session[name]))


def _listing(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int) else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row.values()))
    return table


def print_trace(spans: Sequence[Row], out: TextIO) -> None:
    """The spans of a trace, children indented under their parent, oldest first.

    A span whose parent never arrived stands at the left, as a root does.
    """
    console = console_for(out)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("span", "duration", "status", "tokens", "detail"):
        table.add_column(name, justify="right" if name == "duration" else "left", no_wrap=True)
    for depth, span in tree(spans):
        table.add_row(
            Text("  " * depth + cell(span["name"])),
            duration(span["duration_ms"]),
            _outcome(span),
            tokens(span),
            Text(_detail(span), style="dim"),
        )
    _line(console, Text(f"trace {cell(spans[0]['trace_id'])}  {len(spans)} spans", style="bold"))
    console.print(table)


def print_findings(findings: Iterable[tuple[str, str]], out: TextIO) -> None:
    """A word and a text a line."""
    console = console_for(out)
    for word, text in findings:
        console.print(_status(f"{word:<4}").append(f"  {cell(text)}", "default"), soft_wrap=True)


def tree(spans: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Depth first with the depth; a ring of parents is entered at its oldest span."""
    known = {span["span_id"] for span in spans}
    children: dict[str | None, list[Row]] = {}
    for span in spans:
        parent = span["parent_span_id"]
        children.setdefault(parent if parent in known else None, []).append(span)
    shown: set[int] = set()
    opened: set[str] = set()
    for start in (*children.get(None, ()), *spans):
        waiting = [(0, start)]
        while waiting:
            depth, span = waiting.pop()
            if id(span) in shown:
                continue
            shown.add(id(span))
            yield depth, span
            # Two spans of one id (a conflict) share their children: they follow the first.
            if span["span_id"] not in opened:
                opened.add(span["span_id"])
                below = children.get(span["span_id"], ())
                waiting.extend((depth + 1, child) for child in reversed(below))


def _outcome(span: Row) -> Text:
    if span["status_code"] != _ERROR:
        return Text("ok" if span["status_code"] else "")
    return Text(cell(span["error_type"] or span["status_message"] or "error"), style="red")


def _detail(span: Row) -> str:
    parts = (span["model"], span["tool_name"], money(span["cost_usd"]))
    return "  ".join(cell(part) for part in parts if part)


def _status(status: str | None) -> Text:
    return Text(cell(status), style=_COLOURS.get((status or "").strip(), ""))


def _line(console: Console, text: Text) -> None:
    console.print(text, no_wrap=True, overflow="ellipsis")


def duration(milliseconds: float | None) -> str:
    """`0.412 ms`, `3.2 s`, `12:05` minutes, `3:12:05` hours."""
    if milliseconds is None:
        return ""
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.3g} ms"
    if seconds < 60:  # noqa: PLR2004 # the units of a clock
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def tokens(row: Row) -> str:
    """`1,200 in 30 out`; blank when nothing was counted."""
    if not row["input_tokens"] and not row["output_tokens"]:
        return ""
    return f"{row['input_tokens'] or 0:,} in {row['output_tokens'] or 0:,} out"


def money(usd: float | None) -> str:
    """Dollars to a hundredth of a cent; blank when unknown."""
    return f"${usd:.4f}" if usd else ""
