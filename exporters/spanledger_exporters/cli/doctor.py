"""`doctor`: is everything as it should be?"""

import sys

import typer

from spanledger_exporters.cli.options import Data


def doctor(
    data: Data = None,
) -> None:
    """Check versions, data directory, ports, ledger; exit 1 when something fails."""
    from spanledger_exporters.doctor import Level, examine
    from spanledger_exporters.reading.outline import print_findings
    from spanledger_exporters.settings import load

    findings = list(examine(load(data=data)))
    print_findings([(f.level.value, f.text) for f in findings], sys.stdout)
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(1)
