"""The demo's agent tells what a real one would."""

from pathlib import Path

from spanledger import attributes
from spanledger_exporters.demo import run_agent
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load


def test_every_change_of_a_step_is_an_event_of_its_own(tmp_path: Path) -> None:
    with collector(
        load(data=tmp_path, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")
    ) as running:
        run_agent(running.grpc, "r")
        assert running.store.status().dead_letters == 0
    events = Ledger(tmp_path).sql("SELECT event_name, count(*) FROM logs GROUP BY ALL ORDER BY ALL")
    assert dict(events.fetchall()) == {
        attributes.PLAN_REVISED: 2,
        attributes.STEP_STATUS_CHANGED: 10,
        attributes.PLAN_OUTCOME: 1,
    }
    calls = Ledger(tmp_path).sql(
        "SELECT operation, count(*), count(step_id) FROM spans WHERE operation IS NOT NULL"
        " GROUP BY ALL ORDER BY ALL"
    )
    assert calls.fetchall() == [
        ("chat", 5, 5),
        ("execute_tool", 5, 5),
        ("invoke_agent", 1, 0),
        ("plan", 2, 0),
    ]
