"""Write Grafana's provisioning: three data sources on one ledger, and where dashboards lie.

`spanledger-sql` is Grafana's own InfluxDB plugin in its SQL mode, over Flight SQL.
"""

from dataclasses import dataclass
from typing import Final

SQL_UID: Final = "spanledger-sql"
TRACES_UID: Final = "spanledger-traces"
REST_UID: Final = "spanledger-rest"


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are, as seen from Grafana (`flight`, `ui`) and from a browser (`jaeger`, `ui`).

    The token itself is never written: Grafana reads it from its own environment.
    """

    ui: str = "http://127.0.0.1:4320"
    flight: str = "http://127.0.0.1:8815"
    jaeger: str = "http://127.0.0.1:16686"


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
