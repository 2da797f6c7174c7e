"""Every panel's SQL runs over a ledger and gives the columns its kind of panel needs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard

from spanledger_exporters.demo import run_agent
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.reading.queries import reports
from spanledger_exporters.serving import Collector, collector
from spanledger_exporters.settings import load
from spanledger_exporters.viewing.asking import ask
from spanledger_exporters.viewing.boards import DASHBOARDS
from spanledger_exporters.viewing.flight_types import shown
from spanledger_exporters.viewing.grafana import Dashboard, Panel, dashboard_json
from spanledger_exporters.viewing.grafana_files import grafana_files
from spanledger_exporters.viewing.grafana_sources import REST_UID, SQL_UID, Places

from .parts import fetch

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parents[3] / "collector-config" / "grafana"
PANELS = [
    pytest.param(panel, id=f"{board.uid}-{panel.title}")
    for board in DASHBOARDS
    for panel in board.panels
    if panel.sql
]
MAY_BE_EMPTY = {
    panel.title
    for board in DASHBOARDS
    if board.uid in {"spanledger-locks", "spanledger-errors", "spanledger-limits"}
    for panel in board.panels
} | {"Agents", "What went wrong", "Requests with both a good and a bad outcome"}
"""The demo waits for no lock, and its trouble depends on what it shows next."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    data = tmp_path_factory.mktemp("ledger")
    ports = {"grpc_port": 0, "http_port": 0, "ui_port": 0, "jaeger_port": "off"}
    with collector(load(data=data, **ports)) as started:
        run_agent(started.grpc, "r")
        assert started.store.publish(wait_s=30)
        yield started


@pytest.fixture(scope="module")
def ledger(running: Collector) -> Ledger:
    return Ledger(running.data)


@pytest.fixture(scope="module")
def chosen(ledger: Ledger) -> dict[str, str]:
    """The demo's values in the drop-downs."""
    (row,) = ledger.sql("SELECT plan_id AS plan, session_id AS session, agent FROM plans").rows()
    return row


def asked(ledger: Ledger, sql: str, chosen: dict[str, str]) -> pa.Table:
    """As Grafana sends it, for all times, when one has zoomed in as far as one can."""
    for name, value in chosen.items():
        sql = sql.replace(f"${{{name}:sqlstring}}", f"'{value}'")
    within = r"\1 >= '2020-01-01T00:00:00Z' AND \1 <= '2100-01-01T00:00:00Z'"
    sql = re.sub(r"\$__timeFilter\(([^)]*)\)", within, sql)
    epoch = "timestamp '1970-01-01T00:00:00Z'"
    sql = re.sub(r"\$__dateBin\(([^)]*)\)", rf"date_bin(interval '0 second', \1, {epoch})", sql)
    assert "$" not in sql
    return shown(ask(ledger, sql))


def is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_gets_what_it_needs(ledger: Ledger, chosen: dict[str, str], panel: Panel) -> None:
    table = asked(ledger, panel.sql, chosen)
    if panel.title not in MAY_BE_EMPTY:
        assert table.num_rows
    kinds = {field.name: field.type for field in table.schema}
    numbers = [name for name, kind in kinds.items() if is_number(kind)]
    if panel.kind in {"timeseries", "state-timeline"}:
        assert kinds["time"] == pa.timestamp("ns")
    if panel.kind in {"timeseries", "barchart"}:
        assert len(numbers) == 1
    if panel.kind == "stat":
        assert numbers == list(kinds)
    if panel.kind == "state-timeline":
        assert "status" in kinds
    assert set(panel.units) <= set(numbers)


def test_a_panel_that_asks_for_a_report_gets_rows_of_plain_values(running: Collector) -> None:
    panels = [panel for board in DASHBOARDS for panel in board.panels if not panel.sql]
    targets = [
        target
        for board in DASHBOARDS
        for panel in json.loads(dashboard_json(board, Places(ui=running.ui)))["panels"]
        for target in panel["targets"]
        if target["datasource"]["uid"] == REST_UID
    ]
    for panel, target in zip(panels, targets, strict=True):
        status, body = fetch(f"{running.ui}{target['url']}")
        assert status == 200
        rows = json.loads(body)
        assert rows or panel.title in {"Errors", "Locks"}
        for row in rows:
            assert panel.units.keys() <= row.keys()
            assert not any(isinstance(value, list | dict) for value in row.values()), panel.title


def test_every_drop_down_has_the_runs_value(ledger: Ledger, chosen: dict[str, str]) -> None:
    for variable in {v.name: v for board in DASHBOARDS for v in board.variables}.values():
        assert asked(ledger, variable.sql, {}).columns[0].to_pylist() == [chosen[variable.name]]


def test_the_files_are_what_the_code_writes() -> None:
    wanted = grafana_files(Places())
    found = {path.relative_to(FOLDER): path for path in FOLDER.rglob("*") if path.is_file()}
    assert found.keys() == wanted.keys()
    for path, text in wanted.items():
        assert found[path].read_text(encoding="utf-8") == text, (
            "run: python -m spanledger_exporters.viewing.grafana_files"
        )


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.uid)
def test_grafanas_own_types_hold_all_that_is_said(board: Dashboard) -> None:
    """Grafana passes over what it does not know: an option with a wrong name just has no effect."""
    register_default_plugins()
    said = json.loads(dashboard_json(board, Places()))
    held = json.loads(JSONEncoder().encode(GrafanaDashboard.from_json(said)))
    assert list(missing(said, held)) == []
    said["panels"][0]["options"]["nonsense"] = 1
    held = json.loads(JSONEncoder().encode(GrafanaDashboard.from_json(said)))
    assert list(missing(said, held)) == [".panels[0].options.nonsense"]


def missing(said: Any, held: Any, place: str = "") -> Iterator[str]:
    """Where something that was said is not held, or is something else."""
    if isinstance(said, dict) and isinstance(held, dict):
        for key, value in said.items():
            yield from missing(value, held.get(key), f"{place}.{key}")
    elif isinstance(said, list) and isinstance(held, list) and len(said) == len(held):
        for number, (value, other) in enumerate(zip(said, held, strict=True)):
            yield from missing(value, other, f"{place}[{number}]")
    elif said != held:
        yield place


def test_uids_are_one_of_a_kind_and_links_lead_somewhere() -> None:
    uids = [board.uid for board in DASHBOARDS]
    assert len(set(uids)) == len(uids)
    texts = [dashboard_json(board, Places()) for board in DASHBOARDS]
    text = "".join(texts)
    assert set(re.findall(r"/d/([\w-]+)", text)) <= set(uids)
    assert set(re.findall(r"/api/query/(\w+)", text)) <= set(reports())
    variables = set(re.findall(r"\?var-(\w+)=", text))
    assert variables <= {v.name for board in DASHBOARDS for v in board.variables}
    for key, value in strings([json.loads(text) for text in texts]):
        if key == "uid" and value not in uids:
            assert value in {SQL_UID, REST_UID}
    provisioned = (FOLDER / "provisioning/datasources/spanledger.yaml").read_text()
    assert all(f"uid: {uid}" in provisioned for uid in (SQL_UID, REST_UID))


def strings(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, with the key it stands under."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        yield key, value


def test_panels_stay_within_the_width_and_do_not_overlap() -> None:
    for board in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(dashboard_json(board, Places()))["panels"]:
            x, y, w, h = (panel["gridPos"][key] for key in "xywh")
            cells = {(a, b) for a in range(x, x + w) for b in range(y, y + h)}
            assert x + w <= 24
            assert not cells & taken
            taken |= cells


def test_the_places_are_those_that_were_named() -> None:
    places = Places("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
    text = "".join(grafana_files(places).values())
    assert not re.search(r"127\.0\.0\.1:(4320|8815|16686)", text)
    assert {"url: http://127.0.0.1:1", "url: http://127.0.0.1:2"} <= {
        line.strip() for line in text.splitlines()
    }
