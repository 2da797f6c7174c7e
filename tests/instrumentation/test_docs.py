"""What the page shows works as it stands, and it shows every public name."""

import os
import re
import subprocess
import sys
from pathlib import Path

import spanledger

PAGE = Path(__file__).parents[2] / "docs" / "instrumentation.md"
ELSEWHERE = {"LedgerSpanProcessor", "Plan", "Step"}


def test_the_examples_run_one_after_the_other(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    script = tmp_path / "examples.py"
    script.write_text("\n".join([*blocks, "assert spanledger.faults() == {}, spanledger.faults()"]))
    signals = ("TRACES", "LOGS", "METRICS")
    variables = {f"OTEL_{signal}_EXPORTER": "none" for signal in signals}
    variables["SPANLEDGER_CAPTURE_CONTENT"] = "1"
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Line 3." in done.stdout


def test_every_public_name_of_the_core_is_on_the_page() -> None:
    core = {name for name, module in vars(spanledger)["_FOUND_IN"].items() if module[0] == "_"}
    shown = set(re.findall(r"[\w]+", PAGE.read_text("utf-8")))
    assert core - shown - ELSEWHERE - {"using"} == set()
