"""Write each of Grafana's dashboards from its panels.

The JSON is the classic dashboard model, which Grafana 11 to 13 import. A dashboard's `uid` is its
file's name; panels ask the data source `spanledger-sql` in SQL, or `spanledger-rest` for a report.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from spanledger_exporters.viewing.grafana_sources import REST_UID, SQL_UID, Places

_SQL: Final = {"type": "influxdb", "uid": SQL_UID}
_REPORTS: Final = {"type": "yesoreyeram-infinity-datasource", "uid": REST_UID}
_WIDTH: Final = 24
_VERSION: Final = 39
"""Of the dashboard model; newer Grafanas migrate it as they load."""

Kind = Literal["stat", "table", "timeseries", "barchart", "state-timeline"]
_COLOURS: Final = {
    "done": "green",
    "completed": "green",
    "running": "blue",
    "active": "blue",
    "queued": "#8e8e8e",
    "draft": "#8e8e8e",
    "paused": "yellow",
    "blocked": "orange",
    "failed": "red",
    "abandoned": "dark-red",
    "cancelled": "purple",
    "skipped": "#c4c4c4",
    "superseded": "purple",
    "removed": "#5a5a5a",
}
"""Of step and plan statuses, wherever one is shown."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: what it is called, how it is drawn, what it asks, its size of 24 columns.

    It asks in SQL, or, when that is empty, for a report by its name.
    """

    title: str
    kind: Kind
    sql: str = ""
    report: str = ""
    width: int = _WIDTH
    height: int = 9
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    """Column to Grafana's name of its unit."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A drop-down over the dashboard; `sql` gives one text column."""

    name: str
    label: str
    sql: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One file."""

    uid: str
    title: str
    panels: Sequence[Panel]
    variables: Sequence[Variable] = ()
    since: str = "now-24h"


def dashboard_json(dashboard: Dashboard, places: Places) -> str:
    """The file `<uid>.json`."""
    model = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["spanledger"],
        "schemaVersion": _VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": dashboard.since, "to": "now"},
        "refresh": "30s",
        "links": [_all_dashboards()],
        "templating": {
            "list": [
                *(_variable(variable) for variable in dashboard.variables),
                _constant("jaeger", places.jaeger),
                _constant("ledger", places.ui),
            ]
        },
        "panels": _placed(dashboard.panels),
    }
    return json.dumps(model, indent=2, ensure_ascii=False) + "\n"


def _placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Left to right, and a new row where the next one does not fit."""
    x = y = tallest = 0
    found: list[dict[str, Any]] = []
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _WIDTH:
            x, y, tallest = 0, y + tallest, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        found.append({"id": number, "gridPos": place, **_panel(panel)})
        x, tallest = x + panel.width, max(tallest, panel.height)
    return found


def _panel(panel: Panel) -> dict[str, Any]:
    series = panel.kind == "timeseries"
    target = _sql_target(panel) if panel.sql else _report_target(panel)
    defaults: dict[str, Any] = {"custom": _custom(panel.kind), "mappings": [_status_colours()]}
    if series and panel.units:
        defaults["unit"] = next(iter(panel.units.values()))
    return {
        "title": panel.title,
        "description": panel.note,
        "type": panel.kind,
        "datasource": target["datasource"],
        "targets": [target],
        "fieldConfig": {"defaults": defaults, "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
    }


def _sql_target(panel: Panel) -> dict[str, Any]:
    return {
        "refId": "A",
        "datasource": _SQL,
        "rawSql": panel.sql.strip(),
        "rawQuery": True,
        "format": "time_series" if panel.kind == "timeseries" else "table",
    }


def _report_target(panel: Panel) -> dict[str, Any]:
    """For Infinity, which puts the data source's address before the path."""
    return {
        "refId": "A",
        "datasource": _REPORTS,
        "type": "json",
        "parser": "backend",
        "source": "url",
        "url": f"/api/query/{panel.report}",
        "url_options": {"method": "GET", "data": ""},
        "root_selector": "",
        "columns": [],
        "filters": [],
        "format": "table",
    }


def _custom(kind: Kind) -> dict[str, Any]:
    if kind == "timeseries":
        bars = {"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 0}
        return bars | {"stacking": {"mode": "normal", "group": "A"}}
    if kind == "table":
        return {"inspect": True, "cellOptions": {"type": "auto"}}
    return {}


_OPTIONS: Final[dict[Kind, dict[str, Any]]] = {
    "stat": {"reduceOptions": {"values": False, "calcs": ["lastNotNull"]}, "colorMode": "none"},
    "table": {"showHeader": True, "cellHeight": "sm"},
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}},
    "barchart": {"orientation": "horizontal", "showValue": "auto"},
    "state-timeline": {"mergeValues": True, "showValue": "auto", "rowHeight": 0.9},
}


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    """Units, coloured statuses, and a link on every id that leads somewhere."""
    units = {} if panel.kind == "timeseries" else panel.units
    found = [_override(name, {"id": "unit", "value": unit}) for name, unit in units.items()]
    if panel.kind != "table":
        return found
    coloured = {"id": "custom.cellOptions", "value": {"type": "color-text"}}
    return [
        *found,
        _override("status", coloured),
        _override("trace_id", {"id": "links", "value": _TRACE_LINKS}),
        _override("session_id", {"id": "links", "value": [_link("Session", _SESSION)]}),
        _override("plan_id", {"id": "links", "value": [_link("Plan", _PLAN)]}),
    ]


def _override(column: str, wanted: dict[str, Any]) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": column}, "properties": [wanted]}


def _link(title: str, url: str) -> dict[str, Any]:
    return {"title": title, "url": url, "targetBlank": False}


_RAW: Final = "${__value.raw:percentencode}"
_SESSION: Final = f"/d/spanledger-session?var-session={_RAW}&${{__url_time_range}}"
_PLAN: Final = f"/d/spanledger-plan?var-plan={_RAW}&${{__url_time_range}}"
_TRACE_LINKS: Final = [
    _link("Trace in Jaeger", "${jaeger}/trace/${__value.raw}"),
    _link("Trace in the ledger", "${ledger}/api/query/trace_tree?trace_id=${__value.raw}"),
]


def _status_colours() -> dict[str, Any]:
    colours = {status: {"color": colour} for status, colour in _COLOURS.items()}
    return {"type": "value", "options": colours}


def _all_dashboards() -> dict[str, Any]:
    return {
        "title": "Spanledger",
        "type": "dashboards",
        "tags": ["spanledger"],
        "asDropdown": True,
        "keepTime": True,
    }


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _SQL,
        "query": {"query": variable.sql.strip(), "refId": "metricFindQuery"},
        "refresh": 2,
        "multi": variable.many,
        "includeAll": variable.many,
        "current": {"text": "All", "value": "$__all"} if variable.many else {},
    }


def _constant(name: str, value: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "constant",
        "hide": 2,
        "query": value,
        "current": {"value": value},
    }
