"""Write Grafana's files: data sources, where dashboards lie, and each dashboard from its panels.

The JSON is the classic dashboard model, which Grafana 11 to 13 import. A dashboard's `uid` is its
file's name; panels ask the data source `spanledger-sql`, which is Grafana's own InfluxDB plugin in
its SQL mode, over Flight SQL.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

SQL_UID: Final = "spanledger-sql"
TRACES_UID: Final = "spanledger-traces"
REST_UID: Final = "spanledger-rest"
_SQL: Final = {"type": "influxdb", "uid": SQL_UID}
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
    """One panel: what it is called, how it is drawn, what it asks, its size of 24 columns."""

    title: str
    kind: Kind
    sql: str
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


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are, as seen from Grafana (`flight`, `ui`) and from a browser (`jaeger`, `ui`).

    The token itself is never written: Grafana reads it from its own environment.
    """

    ui: str = "http://127.0.0.1:4320"
    flight: str = "http://127.0.0.1:8815"
    jaeger: str = "http://127.0.0.1:16686"


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


def datasources_yaml(places: Places) -> str:
    """The file `provisioning/datasources/spanledger.yaml`."""
    return f"""\
# Traces, SQL and reports out of one ledger: `spanledger serve --flight-port 8815`. The first two
# are plugins that come with Grafana; the third wants yesoreyeram-infinity-datasource.
apiVersion: 1
datasources:
  - name: Spanledger traces
    uid: {TRACES_UID}
    type: jaeger
    access: proxy
    url: {places.ui}
    jsonData:
      nodeGraph:
        enabled: true
      traceIdTimeParams:
        enabled: true
  - name: Spanledger SQL
    uid: {SQL_UID}
    type: influxdb
    access: proxy
    url: {places.flight}
    jsonData:
      version: SQL
      dbName: ledger
      httpMode: POST
      insecureGrpc: true # no TLS: the same machine
    secureJsonData:
      token: $SPANLEDGER_FLIGHT_TOKEN # from Grafana's environment; empty asks without one
  - name: Spanledger reports
    uid: {REST_UID}
    type: yesoreyeram-infinity-datasource
    url: {places.ui}
    jsonData:
      allowedHosts:
        - {places.ui}
"""


def providers_yaml() -> str:
    """The file `provisioning/dashboards/spanledger.yaml`."""
    return """\
# Put the folder `dashboards` there, or name another place.
apiVersion: 1
providers:
  - name: spanledger
    folder: Spanledger
    type: file
    options:
      path: /var/lib/grafana/dashboards/spanledger
"""


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
    target = {
        "refId": "A",
        "datasource": _SQL,
        "rawSql": panel.sql.strip(),
        "rawQuery": True,
        "format": "time_series" if series else "table",
    }
    defaults: dict[str, Any] = {"custom": _custom(panel.kind), "mappings": [_status_colours()]}
    if series and panel.units:
        defaults["unit"] = next(iter(panel.units.values()))
    return {
        "title": panel.title,
        "description": panel.note,
        "type": panel.kind,
        "datasource": _SQL,
        "targets": [target],
        "fieldConfig": {"defaults": defaults, "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
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
