"""Keep an empty DuckDB database in memory to compute with, and the macros of the ledger in it."""

import atexit
import os
from functools import cache

import duckdb

from spanledger_exporters.reading.queries import macros_sql


def cursor() -> duckdb.DuckDBPyConnection:
    """A connection of its own, to be closed; temporary tables live as long."""
    return _engine(os.getpid()).cursor()


@cache
def _engine(pid: int) -> duckdb.DuckDBPyConnection:
    """Made once a process: 20 ms of CPU each time otherwise. A forked child needs its own."""
    engine = duckdb.connect(f":memory:engine-{pid}", config={"threads": 1})
    for macro in macros_sql():
        engine.execute(macro.text)
    return engine


# DuckDB complains on stderr about what is still there when the interpreter ends.
atexit.register(_engine.cache_clear)
