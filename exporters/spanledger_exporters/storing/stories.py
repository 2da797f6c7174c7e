"""Tell stories apart: the traces, sessions, plans and calls that records tie together."""

import secrets
from collections.abc import Iterable
from typing import Final

import duckdb
import pyarrow as pa

from spanledger_exporters.reading.queries import settled_sql

_OF_TAIL: Final = r"\1 settled.tail_\2"
_OF_OPEN: Final = r"\1 open_\2"
_OPENED: Final = (
    ("TABLE", "woken_stories"),
    ("TABLE", "woken_keys"),
    ("VIEW", "open_spans"),
    ("VIEW", "open_logs"),
)


def tell_stories(connection: duckdb.DuckDBPyConnection, over_ns: int) -> None:
    """Find the records of the tail, and of settled stories that go on in it, and tell them apart.

    Makes open_spans and open_logs, `woken_stories` of those that were settled, and `told`.
    """
    connection.execute(f"CREATE VIEW story_links AS {settled_sql('story_links', _OF_TAIL)}")
    for kind, name in _OPENED:
        connection.execute(f"CREATE {kind} {name} AS {settled_sql(name)}")
    connection.execute(f"CREATE TABLE link AS {settled_sql('story_links', _OF_OPEN)}")
    keys = [key for (key,) in connection.sql("SELECT DISTINCT key FROM link").fetchall()]
    number = {key: place for place, key in enumerate(keys)}
    pairs = connection.sql("SELECT DISTINCT root, key FROM link WHERE root <> key").fetchall()
    stories = connected(len(keys), ((number[root], number[key]) for root, key in pairs))
    connection.register("grouped", pa.table({"key": pa.array(keys, pa.string()), "story": stories}))
    connection.execute(
        f"SET VARIABLE over_ns = {over_ns}; SET VARIABLE settlement = '{secrets.token_hex(8)}'"
    )
    connection.execute(f"CREATE TABLE told AS {settled_sql('told')}")


def connected(size: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """For each of `size` things the least number of what it is connected with by the links."""
    above = list(range(size))

    def top(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    for one, other in links:
        low, high = sorted((top(one), top(other)))
        above[high] = low
    return [top(place) for place in range(size)]
