"""Find the one thing a shortened id means."""

from typing import TYPE_CHECKING

from spanledger_exporters.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from spanledger_exporters.reading.ledger import Ledger

_SHOWN = 5


def the_one(ledger: "Ledger", what: str, view: str, column: str, given: str) -> str:
    """The id that is `given` or, if only one does, begins with it."""
    exact = f"SELECT {column} FROM {view} WHERE {column} = $id LIMIT 1"
    if ledger.sql(exact, {"id": given}).fetchall():
        return given
    begins = (
        f"SELECT DISTINCT {column} FROM {view} WHERE starts_with({column}, $id)"
        f" ORDER BY ALL LIMIT {_SHOWN + 1}"
    )
    found = [str(row[0]) for row in ledger.sql(begins, {"id": given}).fetchall()]
    if not found:
        raise NotFoundError(f"there is no {what} {given}")
    if len(found) > 1:
        more = ", …" if len(found) > _SHOWN else ""
        raise UsageError(f"{given} may be {', '.join(found[:_SHOWN])}{more}: write more of the id")
    return found[0]
