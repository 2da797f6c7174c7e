"""Write rows as JSON lines or Parquet, one file a split; a folder of documents for transcripts."""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from spanledger_exporters.errors import UsageError
from spanledger_exporters.tuning.options import Format, Options
from spanledger_exporters.tuning.spool import encoded

_LINES: Final = frozenset({".jsonl", ".ndjson", ".json"})
_DOCUMENTS: Final = frozenset({Format.ATIF, Format.STS})
_BATCH: Final = 512
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_STR: Final = pa.string()

_CALL: Final = pa.struct(
    {
        "id": _STR,
        "type": _STR,
        "function": pa.struct({"name": _STR, "arguments": _STR}),
    }
)
_MESSAGES: Final = pa.list_(
    pa.struct({"role": _STR, "content": _STR, "tool_calls": pa.list_(_CALL), "tool_call_id": _STR})
)
_WEIGHED: Final = pa.list_(
    pa.struct(
        {
            "role": _STR,
            "content": _STR,
            "tool_calls": pa.list_(_CALL),
            "tool_call_id": _STR,
            "weight": pa.int32(),
        }
    )
)
_STEPS: Final = pa.list_(
    pa.struct(
        {"title": _STR, "status": _STR, "attempts": pa.int64(), "output": _STR, "error": _STR}
    )
)
_FROM: Final = pa.struct(
    {
        **dict.fromkeys(
            (
                "session_id",
                "agent",
                "plan_id",
                "step_id",
                "trace_id",
                "span_id",
                "other_span_id",
                "dialect",
                "model",
                "step_status",
                "plan_status",
                "context",
                "tools",
                "reason",
            ),
            _STR,
        ),
        "redacted": pa.int64(),
    }
)
_TOOLS: Final = {"tools": _STR, "provenance": _FROM}
SCHEMAS: Final[dict[Format, pa.Schema]] = {
    Format.OPENAI: pa.schema({"messages": _WEIGHED, **_TOOLS}),
    Format.TRL_SFT: pa.schema({"messages": _MESSAGES, **_TOOLS}),
    Format.PROMPT_COMPLETION: pa.schema({"prompt": _MESSAGES, "completion": _MESSAGES, **_TOOLS}),
    Format.TRL_DPO: pa.schema(
        {"prompt": _MESSAGES, "chosen": _MESSAGES, "rejected": _MESSAGES, **_TOOLS}
    ),
    Format.TRL_KTO: pa.schema(
        {"prompt": _MESSAGES, "completion": _MESSAGES, "label": pa.bool_(), **_TOOLS}
    ),
    Format.PLAN: pa.schema(
        {"request": _STR, "goal": _STR, "steps": _STEPS, "outcome": _STR, "provenance": _FROM}
    ),
    Format.ATIF: pa.schema({"trajectory": _STR, "provenance": _FROM}),
    Format.STS: pa.schema({"lines": pa.list_(_STR), "provenance": _FROM}),
}
"""Columns of the Parquet files. What has no fixed shape (tools' schemas, trajectories) is JSON
text, which TRL reads for `tools`."""


def has_provenance(options: Options) -> bool:
    """Whether provenance is a column: OpenAI, ATIF and STS know no other keys than theirs."""
    return options.is_parquet or options.format not in {Format.OPENAI, *_DOCUMENTS}


def paths(options: Options) -> list[tuple[str, Path]]:
    """The file (or folder of documents) of each split, by its name; `train` when there is one."""
    out, documents = options.out, options.format in _DOCUMENTS
    if out.suffix not in {*_LINES, ".parquet", ""}:
        raise UsageError(f"--out {out}: name a file that ends in .jsonl or .parquet, or a folder")
    if not options.shares:
        is_folder = not out.suffix and not documents
        return [("train", out / f"{options.format.value}.jsonl" if is_folder else out)]
    if not out.suffix:
        ending = "" if documents else ".jsonl"
        return [(name, out / f"{name}{ending}") for name, _ in options.shares]
    return [(name, out.with_name(f"{out.stem}-{name}{out.suffix}")) for name, _ in options.shares]


def write(
    options: Options,
    rows: Iterable[tuple[bytes, bytes]],
    parts: Iterable[int],
) -> list[Path]:
    """Write each row to the file of its split; tells which files there are. All appear at once.

    A row is its JSON and, where that is no column of it, the JSON of its provenance.
    """
    with contextlib.ExitStack() as stack:
        sinks = [_sink(options, path) for _, path in paths(options)]
        for sink in sinks:
            stack.callback(sink.drop)
        for (row, provenance), part in zip(rows, parts, strict=True):
            sinks[part].add(row, provenance)
        return [path for sink in sinks for path in sink.done()]


def _sink(options: Options, path: Path) -> "_Lines | _Parquet | _Folder":
    if path.suffix == ".parquet":
        return _Parquet(path, options.format)
    if not path.suffix:
        return _Folder(path, options.format)
    return _Lines(path, options.format)


@dataclass(slots=True)
class _File:
    """A file under another name until it is whole."""

    path: Path
    part: Path = field(init=False)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.part = self.path.with_name(f".{self.path.name}.part")

    def appear(self) -> Path:
        self.part.replace(self.path)
        return self.path

    def vanish(self) -> None:
        self.part.unlink(missing_ok=True)


class _Lines:
    def __init__(self, path: Path, format_: Format) -> None:
        self._format = format_
        self._rows = _File(path)
        self._out: IO[bytes] = self._rows.part.open("wb")
        self._beside = _File(path.with_name(f"{path.stem}.provenance.jsonl"))
        self._about: IO[bytes] | None = (
            self._beside.part.open("wb") if format_ is Format.OPENAI else None
        )

    def add(self, row: bytes, provenance: bytes) -> None:
        for line in _lines(row, self._format):
            self._out.write(line + b"\n")
        if self._about is not None:
            self._about.write(provenance + b"\n")

    def done(self) -> Iterator[Path]:
        self._out.close()
        yield self._rows.appear()
        if self._about is not None:
            self._about.close()
            yield self._beside.appear()

    def drop(self) -> None:
        self._out.close()
        self._rows.vanish()
        if self._about is not None:
            self._about.close()
            self._beside.vanish()


class _Parquet:
    def __init__(self, path: Path, format_: Format) -> None:
        self._schema = SCHEMAS[format_]
        self._format = format_
        self._file = _File(path)
        self._writer = pq.ParquetWriter(self._file.part, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, row: bytes, provenance: bytes) -> None:
        del provenance  # a column
        self._rows.append(_flat(json.loads(row), self._format))
        if len(self._rows) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        columns = {
            column.name: pa.array([row.get(column.name) for row in self._rows], type=column.type)
            for column in self._schema
        }
        self._writer.write_table(pa.table(columns))
        self._rows = []

    def done(self) -> Iterator[Path]:
        self._flush()
        self._writer.close()
        yield self._file.appear()

    def drop(self) -> None:
        self._writer.close()
        self._file.vanish()


class _Folder:
    """One document a session: `ID.json` of a trajectory, `ID.jsonl` of a trace."""

    def __init__(self, path: Path, format_: Format) -> None:
        self._format = format_
        self._path = path
        path.mkdir(parents=True, exist_ok=True)
        self._written: list[Path] = []

    def add(self, row: bytes, provenance: bytes) -> None:
        lines = _lines(row, self._format)
        about = json.loads(provenance)
        name = _file_name(str(json.loads(lines[0]).get("id") or about["session_id"]))
        ending = ".json" if self._format is Format.ATIF else ".jsonl"
        path = self._path / f"{name}{ending}"
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        self._written.append(path)

    def done(self) -> Iterator[Path]:
        yield from self._written

    def drop(self) -> None:
        """A document is whole when it is written."""


def _lines(row: bytes, format_: Format) -> list[bytes]:
    if format_ is Format.STS:
        return [encoded(line) for line in json.loads(row)["lines"]]
    return [row]


def _flat(row: dict[str, Any], format_: Format) -> dict[str, Any]:
    about = {"provenance": row.pop("provenance")}
    if format_ is Format.ATIF:
        return {"trajectory": json.dumps(row, ensure_ascii=False), **about}
    if format_ is Format.STS:
        return {"lines": [json.dumps(line, ensure_ascii=False) for line in row["lines"]], **about}
    if "tools" in row:
        row["tools"] = json.dumps(row["tools"], ensure_ascii=False)
    return {**row, **about}


def _file_name(session_id: str) -> str:
    """The id where it can be a file's name; what cannot is replaced, and a hash added."""
    safe = _UNSAFE.sub("_", session_id).lstrip(".")[:80]
    if safe == session_id:
        return safe
    return f"{safe}-{blake2b(session_id.encode(), digest_size=4).hexdigest()}"
