"""`prices` shows by which price the calls of each model were charged."""

import json
from pathlib import Path

import pytest

from .command import Run

TOKENS = {"gen_ai.usage.input_tokens": 300_000, "gen_ai.usage.output_tokens": 1_000}


def span(number: int, model: str, **more: float) -> dict[str, object]:
    texts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": model,
    }
    attributes: list[dict[str, object]] = [
        {"key": key, "value": {"stringValue": text}} for key, text in texts.items()
    ]
    attributes += [{"key": key, "value": {"intValue": str(n)}} for key, n in TOKENS.items()]
    attributes += [
        {"key": key.replace("__", "."), "value": {"doubleValue": value}}
        for key, value in more.items()
    ]
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": f"chat {model}",
        "kind": 3,
        "startTimeUnixNano": "1763700000000000000",
        "endTimeUnixNano": "1763700001000000000",
        "attributes": attributes,
    }


def test_each_model_has_its_price_and_what_it_came_to(run: Run, tmp_path: Path) -> None:
    spans = [
        span(1, "claude-sonnet-4-5"),
        span(2, "claude-sonnet-4-5", operation__cost=1.0),
        span(3, "house-model"),
    ]
    request = {"resourceSpans": [{"scopeSpans": [{"scope": {}, "spans": spans}]}]}
    (tmp_path / "traces.jsonl").write_text(json.dumps(request) + "\n")
    data = tmp_path / "data"
    assert run("import", tmp_path / "traces.jsonl", "--data", data).code == 0
    sonnet, other = json.loads(run("prices", "--data", data, "--format", "json").out)
    # Over 200,000 input tokens the whole call costs more.
    assert (sonnet["above_input_tokens"], sonnet["input_per_million"]) == (200_000, 6)
    assert (sonnet["price"], sonnet["calls"]) == ("anthropic/claude-sonnet-4-5", 2)
    each = (300_000 * 6 + 1_000 * 22.5) / 1e6
    assert sonnet["computed_usd"] == pytest.approx(2 * each)
    assert (sonnet["reported_usd"], sonnet["cost_usd"]) == (1.0, pytest.approx(1 + each))
    assert sonnet["version"].startswith("genai-prices ")
    assert (other["model"], other["price"], other["calls_without_cost"]) == ("house-model", None, 1)
    assert "claude-sonnet-4-5" in run("prices", "--data", data).out
