"""Answer SQL from a data directory.

Each question opens the newest `ledger.duckdb` read-only, reads the whole answer and closes again:
files that nobody else needs are kept for no longer than one question takes.
"""

import contextlib
import re
import time
import warnings
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from spanledger_exporters.columns import TABLES
from spanledger_exporters.errors import LedgerError, NotFoundError, StoreError, UsageError
from spanledger_exporters.reading.queries import quote_reserved, reports
from spanledger_exporters.storing.generations import to_read
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.publish import ensure_current
from spanledger_exporters.storing.trouble import Trouble, newer, trouble_of

_CONFIG: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
"""No extension is ever fetched or needed, and SQL sees tables, not Python's variables."""
_IDLE_OPTIMIZERS: Final = ("projection_pullup", "window_self_join")
"""They take a third of the time that planning a view does and gain nothing; DuckDB 2.0 has them."""
_FIRST_WAIT_S: Final = 0.005
_LONGEST_WAIT_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Result:
    """The whole answer to one question."""

    table: pa.Table

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        return self.table

    def pandas(self) -> Any:
        """As a pandas DataFrame; pandas must be installed."""
        return self.table.to_pandas()

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""
        return list(self.table.column_names)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """As tuples of plain Python values; maps and structs are dicts, timestamps naive UTC."""
        columns = [
            [_plain(field.type)(value) for value in column.to_pylist()]
            for field, column in zip(self.table.schema, self.table.columns, strict=True)
        ]
        return list(zip(*columns, strict=True))

    def rows(self) -> list[dict[str, Any]]:
        """As dicts by column name, values as in `fetchall`."""
        names = self.columns
        return [dict(zip(names, row, strict=True)) for row in self.fetchall()]

    def with_list(self, name: str, other: "Result") -> "Result":
        """This answer of one row with another's rows as one more column, a list of structs."""
        return Result(self.table.append_column(name, pa.array([other.rows()])))


class Ledger:
    """A data directory, to be asked questions.

    Nothing stays open between questions; one object may be used from many threads.
    """

    def __init__(self, path: str | Path, *, patience_s: float = 10.0) -> None:
        """Raise NotFoundError when there is no ledger at `path`.

        `patience_s` is how long a question waits for a writer that holds the file (usually
        milliseconds).
        """
        self.layout = Layout(Path(path).expanduser().resolve())
        self._patience_s = patience_s
        if not self.layout.ledger.exists() and not self.layout.hot.is_dir():
            raise NotFoundError(_missing(self.layout))
        # The views name files where they were, and are of the version that published them; a writer
        # that ended at once has left records and no views.
        ensure_current(self.layout)

    def sql(self, text: str, params: Mapping[str, object] | list[object] | None = None) -> Result:
        """Run one or more statements; the answer is that of the last one."""
        with self.connect() as db:
            return _run(db, text, params)

    def query(self, name: str, **params: object) -> Result:
        """Run a canned report; `params` are the variables its header names."""
        found = reports().get(name)
        if found is None:
            known = ", ".join(sorted(reports()))
            raise NotFoundError(f"there is no query {name!r}; there are: {known}")
        with self.connect() as db:
            for variable, value in params.items():
                _set(db, variable, value)
            return _run(db, found.text, None)

    def count(self) -> int:
        """How many records there are, of all signals."""
        parts = " UNION ALL ".join(f"SELECT count(*) AS n FROM {signal}" for signal in TABLES)
        return int(self.sql(f"SELECT sum(n) FROM ({parts})").fetchall()[0][0])

    @contextlib.contextmanager
    def connect(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A read-only connection, for as long as the block lasts; old files stay as long."""
        db = self._patiently()
        try:
            yield db
        finally:
            db.close()

    def _patiently(self) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self._patience_s
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                return self._open()
            except NotFoundError:
                # A writer that makes the file puts it in place when its views are there.
                if not self.layout.hot.is_dir() or time.monotonic() + wait_s > deadline:
                    raise
            except duckdb.Error as error:
                if trouble_of(error) is not Trouble.HELD:
                    raise StoreError(_why_not_opened(self.layout.ledger, error)) from error
                if time.monotonic() + wait_s > deadline:
                    raise StoreError(_held(str(error), self._patience_s)) from error
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _open(self) -> duckdb.DuckDBPyConnection:
        if not self.layout.ledger.exists():
            raise NotFoundError(_missing(self.layout))
        path = to_read(self.layout)
        try:
            return duckdb.connect(path, read_only=True, config=_config())
        except duckdb.Error:
            if path.exists():
                raise
        # Just then another one took its place, and nobody had it open.
        return self._open()


@cache
def _config() -> dict[str, str | bool | int | float | list[str]]:
    with duckdb.connect() as engine:
        known = {name for (name,) in engine.sql("FROM duckdb_optimizers()").fetchall()}
    return {**_CONFIG, "disabled_optimizers": ",".join(known.intersection(_IDLE_OPTIMIZERS))}


def _missing(layout: Layout) -> str:
    if layout.hot.is_dir():
        return f"{layout.ledger} is missing: make it from the journal with `spanledger rebuild`"
    return (
        f"there is no ledger in {layout.root}: fill one with `spanledger serve` or"
        " `spanledger import`, or name another directory with --data"
    )


def catalogue() -> Result:
    """The canned reports: name and what one row is."""
    found = reports().values()
    return Result(pa.table({"query": [r.name for r in found], "header": [r.header for r in found]}))


def _held(message: str, patience_s: float) -> str:
    holder = re.search(r"held in (\S+) \(PID (\d+)\)", message)
    who = f"process {holder[2]} ({holder[1]})" if holder else "this process"
    return f"ledger.duckdb was held for writing by {who} for {patience_s:g} s: close it there"


def _why_not_opened(path: Path, error: duckdb.Error) -> str:
    """DuckDB's refusal to open the file, as one line that says what to do."""
    trouble = trouble_of(error)
    if trouble is Trouble.NEWER:
        return newer(path, error)
    if trouble is Trouble.DAMAGED:
        return f"{path} is damaged: make it again from the journal with `spanledger rebuild`"
    return str(error).splitlines()[0]


def _set(db: duckdb.DuckDBPyConnection, variable: str, value: object) -> None:
    if not variable.isidentifier():
        raise UsageError(f"{variable!r} is not the name of a variable")
    db.execute(f'SET VARIABLE "{variable}" = $1', [value])


def _run(
    db: duckdb.DuckDBPyConnection, text: str, params: Mapping[str, object] | list[object] | None
) -> Result:
    try:
        _execute(db, text, params)
        found = db.to_arrow_table() if db.description else None
        return Result(pa.table({}) if found is None else found)
    except duckdb.ProgrammingError as error:
        raise UsageError(_one_line(str(error))) from error
    except duckdb.Error as error:
        raise LedgerError(_one_line(str(error))) from error


def _execute(
    db: duckdb.DuckDBPyConnection, text: str, params: Mapping[str, object] | list[object] | None
) -> None:
    """Not with `db.sql`, which binds a text twice: a third of the time that a view takes."""
    try:
        db.execute(text, params)
    except duckdb.ParserException:
        quoted = quote_reserved(text)
        if quoted == text:
            raise
        db.execute(quoted, params)


# Its advice would cost more than the copy of the rows it warns of.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)


def _one_line(message: str) -> str:
    """DuckDB's message without its picture of the place and without its stack trace."""
    return " ".join(re.split(r"\n(?:LINE |Stack Trace)", message, maxsplit=1)[0].split())


_Convert = Callable[[Any], Any]


def _plain(kind: Any) -> _Convert:
    """From what Arrow gives for a value of this type to plain Python."""
    if pa.types.is_map(kind):
        key, item = _plain(kind.key_type), _plain(kind.item_type)
        return _unless_none(lambda pairs: {key(name): item(value) for name, value in pairs})
    if pa.types.is_struct(kind):
        inner: dict[str, _Convert] = {field.name: _plain(field.type) for field in kind}
        return _unless_none(lambda value: {n: convert(value[n]) for n, convert in inner.items()})
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        each = _plain(kind.value_type)
        return _unless_none(lambda values: [each(value) for value in values])
    # DuckDB's HUGEINT, which is what sum() of a BIGINT is, comes as DECIMAL(38, 0).
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return _unless_none(int)
    return _same


def _same(value: Any) -> Any:
    return value


def _unless_none(convert: _Convert) -> _Convert:
    return lambda value: None if value is None else convert(value)
