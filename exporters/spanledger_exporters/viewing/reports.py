"""Answer the canned reports over HTTP, for Grafana's Infinity data source and for scripts.

`GET /api/query` lists them; `GET /api/query/NAME?format=json|jsonl|csv&variable=value` runs one,
with the variables its header names. Nothing else can be asked here.
"""

import io
import re
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanledger_exporters.errors import LedgerError, NotFoundError, TooLargeError, UsageError
from spanledger_exporters.reading.formats import Format
from spanledger_exporters.reading.ledger import Ledger, Result
from spanledger_exporters.reading.queries import Report, reports
from spanledger_exporters.reading.render import render
from spanledger_exporters.viewing.asking import SlowError, ask
from spanledger_exporters.viewing.yielding import yield_to_receivers

_MEDIA: Final = {
    Format.JSON: "application/json",
    Format.JSONL: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
}
_VARIABLE: Final = re.compile(r"getvariable\('(\w+)'\)")
_STATUS: Final[tuple[tuple[type[LedgerError], HTTPStatus], ...]] = (
    (UsageError, HTTPStatus.BAD_REQUEST),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (SlowError, HTTPStatus.GATEWAY_TIMEOUT),
    (LedgerError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class Reports:
    """The reports of one data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def routes(self) -> list[Route]:
        """For an application to mount."""
        return [Route("/api/query", _listed), Route("/api/query/{name}", self._asked)]

    def _asked(self, request: Request) -> Response:
        yield_to_receivers()
        try:
            return self._answer(request)
        except LedgerError as error:
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            return JSONResponse({"error": str(error)}, status)

    def _answer(self, request: Request) -> Response:
        report = _named(request.path_params["name"])
        given = dict(request.query_params)
        form = _format(given.pop("format", Format.JSON))
        if unknown := sorted(given.keys() - _variables(report)):
            known = ", ".join(sorted(_variables(report)))
            raise UsageError(f"{report.name} has no variable {unknown[0]!r}; it has: {known}")
        # An empty value is how a dashboard says "all".
        variables = {name: value for name, value in given.items() if value}
        out = io.StringIO()
        render(Result(ask(Ledger(self._data), report.text, variables=variables)), form, out)
        return Response(out.getvalue(), media_type=_MEDIA[form])


def _listed(_request: Request) -> Response:
    """Every report: its name, what one row is, its variables."""
    return JSONResponse(
        [
            {"query": report.name, "header": report.header, "variables": sorted(_variables(report))}
            for report in reports().values()
        ]
    )


def _named(name: str) -> Report:
    found = reports().get(name)
    if found is None:
        raise NotFoundError(f"there is no query {name!r}: GET /api/query lists them")
    return found


def _variables(report: Report) -> set[str]:
    return set(_VARIABLE.findall(report.text))


def _format(said: str) -> Format:
    for form in _MEDIA:
        if form == said:
            return form
    raise UsageError(f"format={said}: it is one of {', '.join(_MEDIA)}")
