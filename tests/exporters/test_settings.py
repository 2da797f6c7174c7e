"""Settings come from SPANLEDGER_* variables, and a mistake in one is named."""

from pathlib import Path

import pytest

from spanledger_exporters import settings
from spanledger_exporters.errors import UsageError


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATA", "GRPC_PORT", "KEEP_JOURNAL", "DURABILITY"):
        monkeypatch.delenv(f"SPANLEDGER_{name}", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)


def test_variables_are_read_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_GRPC_PORT", "5000")
    monkeypatch.setenv("SPANLEDGER_KEEP_JOURNAL", "30")
    assert settings.load().grpc_port == 5000
    assert settings.load().keep_journal == 30
    assert settings.load(grpc_port=6000, http_port=None).grpc_port == 6000
    assert settings.load(keep_journal="none").keep_journal == "none"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_GRPC_PORT", "")
    assert settings.load().grpc_port == 4317


def test_a_misspelt_variable_is_named_with_the_nearest_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPANLEDGER_GRCP_PORT", "1")
    with pytest.raises(UsageError) as caught:
        settings.load()
    assert str(caught.value) == (
        "SPANLEDGER_GRCP_PORT is not a setting; did you mean SPANLEDGER_GRPC_PORT?"
    )


@pytest.mark.parametrize("name", sorted(settings.ELSEWHERE))
def test_variables_of_the_instrumentation_are_let_through(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"SPANLEDGER_{name}", "x")
    assert settings.load().grpc_port == 4317


def test_a_wrong_value_is_one_line_that_names_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError, match=r"^--grpc-port 70000: input should be less"):
        settings.load(grpc_port=70000)
    monkeypatch.setenv("SPANLEDGER_GRPC_PORT", "many")
    with pytest.raises(UsageError, match=r"^SPANLEDGER_GRPC_PORT=many: input should be"):
        settings.load()


def test_the_directory_is_the_local_one_if_there_is_one(tmp_path: Path) -> None:
    assert settings.data_directory(None) == tmp_path / "xdg" / "spanledger"
    (tmp_path / ".spanledger").mkdir()
    assert settings.data_directory(None) == tmp_path / ".spanledger"
    assert settings.data_directory(Path("d")) == tmp_path / "d"


def test_the_directory_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".spanledger").mkdir()
    monkeypatch.setenv("SPANLEDGER_DATA", str(tmp_path / "other"))
    assert settings.data_directory(None) == tmp_path / "other"
