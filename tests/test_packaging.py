"""The light half stays light, and a wheel holds what a checkout does."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("duckdb", "grpc", "pyarrow", "typer", "opentelemetry.sdk", "spanledger_exporters")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("heavy", HEAVY)
def test_import_spanledger_loads_nothing_heavy(heavy: str) -> None:
    assert heavy not in loaded_by("import spanledger")


def test_the_attribute_names_need_nothing_but_the_standard_library() -> None:
    assert not any(m.startswith("opentelemetry") for m in loaded_by("import spanledger.attributes"))


def test_the_exporters_are_found_by_name_and_loaded_when_used() -> None:
    before = loaded_by("import spanledger_exporters")
    assert "duckdb" not in before
    after = loaded_by("from spanledger_exporters import Ledger, LedgerSpanExporter")
    assert "duckdb" in after


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        ["uv", "build", "--wheel", "--out-dir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no wheel without uv and its build backend: {done.stderr[-200:]}")
    return next(out.glob("*.whl"))


def test_the_wheel_holds_both_packages_all_sql_and_all_configuration(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        f"spanledger_exporters/{path.relative_to(ROOT)}"
        for folder in ("queries", "collector-config")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert shipped <= names
    assert {"spanledger/__init__.py", "spanledger_exporters/__init__.py"} <= names


def test_a_wheel_finds_the_sql_it_ships(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from spanledger_exporters.reading.queries import reports, views_sql\n"
        "from spanledger_exporters.reading.sqlfiles import queries_dir\n"
        "assert str(queries_dir()).endswith('spanledger_exporters/queries')\n"
        "print(len(reports()), len(views_sql()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    counts = [int(number) for number in done.stdout.split()]
    assert min(counts) > 0
