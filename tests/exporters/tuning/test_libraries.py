"""Load exports with the libraries that train on them, where they are installed."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.tuning.exporting import export
from spanledger_exporters.tuning.options import Format, Options, shares

from .recorded import Copied

TEMPLATE = (
    "{% for t in tools or [] %}<tool>{{ t.function.name }} {{ t.function.parameters | tojson }}"
    "</tool>{% endfor %}{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}[{{ c.function.name }} {{ c.function.arguments }}]"
    "{% endfor %}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
ROWS = [form for form in Format if form not in {Format.ATIF, Format.STS}]


def written(ledger: Copied, form: Format, path: Path) -> Path:
    export(ledger, Options(form, path), lambda _done, _all: None)
    return path


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_datasets_loads_every_format(
    ledger: Copied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Format, ending: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets = pytest.importorskip("datasets", reason="datasets is not installed")
        path = written(ledger, form, tmp_path / f"a.{ending}")
        kind = "json" if ending == "jsonl" else "parquet"
        loaded = datasets.load_dataset(
            kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert loaded.num_rows > 0
        assert loaded[0]


def test_datasets_finds_the_splits_that_the_card_names(
    ledger: Copied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets = pytest.importorskip("datasets", reason="datasets is not installed")
        for form in (Format.OPENAI, Format.PROMPT_COMPLETION):
            folder = tmp_path / form.value
            options = Options(form, folder / "rows.jsonl", shares=shares("50/50"), seed=1)
            report = export(ledger, options, lambda _done, _all: None)
            cache = str(tmp_path / "cache" / form.value)
            wanted = {name: rows for name, rows in report.rows.items() if rows}
            for split, rows in wanted.items():
                loaded = datasets.load_dataset(str(folder), split=split, cache_dir=cache)
                assert loaded.num_rows == rows


def tokenizer(transformers: Any) -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=model)
    fast.chat_template = TEMPLATE
    return fast


@pytest.mark.parametrize(
    "form", [Format.TRL_SFT, Format.TRL_DPO, Format.TRL_KTO, Format.PROMPT_COMPLETION]
)
def test_trl_takes_every_row_for_a_conversation(
    ledger: Copied, tmp_path: Path, form: Format
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers = pytest.importorskip("transformers", reason="transformers is not installed")
        trl = pytest.importorskip("trl.data_utils", reason="trl is not installed")
        fast = tokenizer(transformers)
        for line in written(ledger, form, tmp_path / "a.jsonl").read_text().splitlines():
            row = json.loads(line)
            assert trl.is_conversational(row)
            shaped = trl.maybe_apply_chat_template(row, fast, tools=row["tools"])
            assert all(isinstance(v, (str, bool)) and v != "" for v in shaped.values())
            whole = str(shaped.get("text") or shaped.get("prompt"))
            assert all(f"<tool>{tool['function']['name']} " in whole for tool in row["tools"])
            assert "<user>" in whole
            assert "</assistant>" in str(shaped.get("text") or shaped.get("chosen") or "") + str(
                shaped.get("completion", "")
            )


def test_atifs_published_models_take_every_trajectory_as_it_is(
    ledger: Copied, tmp_path: Path
) -> None:
    atif = pytest.importorskip("harbor.models.trajectories", reason="harbor is not installed")
    rows = written(ledger, Format.ATIF, tmp_path / "a.jsonl").read_text().splitlines()
    assert rows
    for row in map(json.loads, rows):
        assert atif.Trajectory.model_validate(row).to_json_dict() == row
