"""The commands `export tuning` and `feedback`: what they write, what they refuse."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spanledger_exporters.importing import import_files
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store
from spanledger_exporters.tuning.options import Format

from .command import Ran, Run

CAPTURE = Path(__file__).parents[1] / "tuning" / "data" / "retried_tool.jsonl"
SESSION = "demo-session-1"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one run whose messages were recorded; a tool failed once in it."""
    root = tmp_path_factory.mktemp("told")
    store = Store.open(root)
    try:
        import_files(store.intake, [CAPTURE])
        store.publish(5.0)
    finally:
        store.close()
    return root


def exported(run: Run, told: Path, form: str, out: Path, *more: object) -> Ran:
    return run("export", "tuning", "--format", form, "--out", out, "--data", told, *more)


@pytest.mark.parametrize("form", Format)
def test_every_format_writes_rows_and_a_card(
    run: Run, told: Path, tmp_path: Path, form: Format
) -> None:
    out = tmp_path / "set" / "rows.jsonl"
    ran = exported(run, told, form.value, out, "--redact")
    assert (ran.code, ran.out) == (0, "")
    assert f"wrote {out}" in ran.err
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 0
    assert form.value in (out.parent / "README.md").read_text(encoding="utf-8")


def test_the_ending_parquet_writes_parquet(run: Run, told: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.parquet"
    assert exported(run, told, "trl-dpo", out).code == 0
    table = pq.read_table(out)
    assert table.column_names == ["prompt", "chosen", "rejected", "tools", "provenance"]
    assert table.num_rows == 1


def test_a_dry_run_counts_and_writes_nothing(run: Run, told: Path, tmp_path: Path) -> None:
    out = tmp_path / "set" / "rows.jsonl"
    ran = exported(run, told, "trl-dpo", out, "--dry-run")
    assert ran.code == 0
    assert ran.out.splitlines() == ["1 rows for train", "  1 failed, then succeeded"]
    assert not out.parent.exists()


def test_the_same_seed_gives_the_same_splits(run: Run, told: Path, tmp_path: Path) -> None:
    options = ("--split", "train=0.5,test=0.5", "--seed", 7)
    for name in ("one", "two"):
        out = tmp_path / name / "rows.jsonl"
        assert exported(run, told, "prompt-completion", out, *options).code == 0
    for name in ("rows-train.jsonl", "rows-test.jsonl", "README.md"):
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    # One session is all there is: it is on one side, whole.
    sizes = [(tmp_path / "one" / f"rows-{name}.jsonl").stat().st_size for name in ("train", "test")]
    assert min(sizes) == 0 < max(sizes)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--split", "much"), "--split much: give 0.1, 90/10, or train=0.8,test=0.2"),
        (("--split", "a=1,a=2"), "every part needs a name of its own"),
        (("--since", "soon"), "--since soon: give a date, a time, or 24h, 7d, 2w"),
        (("--outcome", "great"), "--outcome great: no such outcome; there are: any"),
        (("--max-chars", "0"), "max-chars"),
        (("--min-success", "2"), "min-success"),
        (("--seed", "x"), "seed"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(
    run: Run, told: Path, tmp_path: Path, more: tuple[str, str], words: str
) -> None:
    ran = exported(run, told, "plan", tmp_path / "rows.jsonl", *more)
    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert list(tmp_path.glob("rows*")) == []


def test_a_wrong_format_ending_or_place_is_told(run: Run, told: Path, tmp_path: Path) -> None:
    assert exported(run, told, "alpaca", tmp_path / "a.jsonl").code == 2
    ran = exported(run, told, "plan", tmp_path / "a.csv")
    assert ran.code == 2
    assert ran.err == (
        f"spanledger: --out {tmp_path / 'a.csv'}: name a file that ends in .jsonl or .parquet,"
        " or a folder\n"
    )
    (tmp_path / "file").write_text("")
    ran = exported(run, told, "plan", tmp_path / "file" / "rows.jsonl")
    assert ran.code == 1
    assert ran.err.startswith("spanledger: cannot write to")
    ran = exported(run, tmp_path / "nowhere", "plan", tmp_path / "a.jsonl")
    assert ran.code == 3
    assert ran.err.startswith("spanledger: there is no ledger in")


def feedback(run: Run, told: Path, *more: object) -> Ran:
    return run("feedback", *more, "--data", told)


def test_feedback_is_noted_of_each_kind(run: Run, told: Path) -> None:
    plan, step = Ledger(told).sql("SELECT plan_id, title FROM plan_steps").fetchall()[0]
    (span,) = Ledger(told).sql("SELECT span_id FROM llm_calls").fetchall()[0]
    cases = [
        (("--session", SESSION, "--label", "good"), f"session {SESSION} is good"),
        (("--plan", plan, "--label", "pass"), f"plan {plan} is pass"),
        (("--plan", plan, "--step", step, "--score", "0.5"), f"step {step} is 0.5"),
        (("--call", span, "--label", "good", "--note", "so it is"), f"call {span} is good"),
    ]
    for more, words in cases:
        ran = feedback(run, told, "--name", "taste", *more)
        assert (ran.code, ran.err) == (0, f"spanledger: noted: {words}\n")
    count = "SELECT count(*) FROM logs WHERE event_name = 'gen_ai.evaluation.result'"
    assert Ledger(told).sql(count).fetchall() == [(len(cases),)]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ((), 2, "name one thing"),
        (("--session", "a", "--plan", "b", "--label", "good"), 2, "name one thing"),
        (("--session", SESSION, "--step", "x", "--label", "good"), 2, "name one thing"),
        (("--session", SESSION), 2, "say what you think of it"),
        (("--session", SESSION, "--score", "nan"), 2, "a score is a number"),
        (("--session", "nobody", "--label", "good"), 3, "there is no session 'nobody'"),
        (("--call", "' OR true --", "--label", "good"), 3, "there is no call"),
    ],
)
def test_wrong_feedback_is_told_in_one_line(
    run: Run, told: Path, more: tuple[str, ...], code: int, words: str
) -> None:
    ran = feedback(run, told, *more)
    assert ran.code == code
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
