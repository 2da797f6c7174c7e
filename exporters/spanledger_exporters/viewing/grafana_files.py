"""List Grafana's files; run as a module, it writes them into the checkout."""

from pathlib import Path
from typing import Final

from spanledger_exporters.viewing.boards import DASHBOARDS
from spanledger_exporters.viewing.grafana import dashboard_json
from spanledger_exporters.viewing.grafana_sources import Places, datasources_yaml, providers_yaml

_CHECKOUT: Final = Path(__file__).parents[3] / "collector-config" / "grafana"


def grafana_files(places: Places) -> dict[Path, str]:
    """Every file below a folder for Grafana: its path and its text."""
    boards = {Path("dashboards") / f"{b.uid}.json": dashboard_json(b, places) for b in DASHBOARDS}
    provisioning = Path("provisioning")
    return {
        provisioning / "datasources" / "spanledger.yaml": datasources_yaml(places),
        provisioning / "dashboards" / "spanledger.yaml": providers_yaml(),
        **boards,
    }


if __name__ == "__main__":
    for name, text in grafana_files(Places()).items():
        (_CHECKOUT / name).parent.mkdir(parents=True, exist_ok=True)
        (_CHECKOUT / name).write_text(text, encoding="utf-8")
