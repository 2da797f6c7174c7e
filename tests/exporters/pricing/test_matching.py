"""The price book says what genai-prices says, for every model that it knows."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot

from spanledger_exporters.pricing import book as books
from spanledger_exporters.pricing.matching import find
from spanledger_exporters.reading.queries import macros_sql
from spanledger_exporters.storing.prices import rows

MOMENTS = (datetime(2025, 3, 1, 2, tzinfo=UTC), datetime(2026, 11, 21, 14, tzinfo=UTC))
SIZES = (1_000, 150_000, 300_000)


def known() -> list[tuple[str, str]]:
    return [(seller.id, model.id) for seller in get_snapshot().providers for model in seller.models]


def theirs(provider: str, model: str, tokens: int, at: datetime) -> float | None:
    usage = Usage(
        input_tokens=tokens,
        output_tokens=700,
        cache_read_tokens=200,
        cache_write_tokens=100,
        output_reasoning_tokens=50,
    )
    try:
        return float(get_snapshot().calc(usage, model, provider or None, None, at).total_price)
    except LookupError:
        return None


def calls() -> Iterator[tuple[str, str, int, int, float | None]]:
    for provider, model in known():
        for at in MOMENTS:
            for tokens in SIZES:
                ns = int(at.timestamp()) * 10**9
                yield provider, model, ns, tokens, theirs(provider, model, tokens, at)


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for macro in macros_sql():
            connection.execute(macro.text)
        yield connection


def test_every_model_costs_what_genai_prices_says(db: duckdb.DuckDBPyConnection) -> None:
    priced = [f"(0, {row})" for pair in known() for row in rows(*pair)]
    db.execute(f"INSERT INTO model_prices SELECT DISTINCT * FROM (VALUES {', '.join(priced)})")
    values = ", ".join(
        f"('{provider}', '{model}', {ns}, {tokens}, {'NULL' if cost is None else cost})"
        for provider, model, ns, tokens, cost in calls()
    )
    db.execute(f"""
        CREATE TABLE asked AS
        SELECT call.*, list_cost(
          call.tokens, 700, 200, 100, 50, input_usd, output_usd, cache_read_usd, cache_write_usd,
          reasoning_usd, call_usd
        ) AS ours
        FROM (VALUES {values}) AS call(provider, model, at_ns, tokens, theirs)
        LEFT JOIN model_prices AS price
          ON price.provider = call.provider AND price.model = call.model AND price_holds(
            call.at_ns, call.tokens, since_ns, until_ns, from_s, to_s, above_tokens, upto_tokens
          )""")
    # A model without a price for tokens costs nothing there, and has no cost here.
    wrong = db.execute("""
        SELECT * FROM asked
        WHERE CASE WHEN ours IS NULL THEN theirs <> 0
          ELSE theirs IS NULL OR abs(ours - theirs) > 1e-9 * greatest(theirs, 1e-6) END
        LIMIT 5""").fetchall()
    counts = db.execute("SELECT count(*), count(ours) FROM asked").fetchall()
    assert wrong == []
    assert counts[0][0] == len(known()) * len(MOMENTS) * len(SIZES)
    assert counts[0][1] > 0.8 * counts[0][0]


def test_names_lead_to_the_same_entry() -> None:
    snapshot = get_snapshot()
    chance = random.Random(1)
    pairs = [(p, m) for p, m in known() if "'" not in m]
    named = chance.sample(pairs, 300)
    asked = [*named, *(("", model) for _, model in named)]
    asked += [(f"x.{provider}.y", f"{model}-20251211") for provider, model in named]
    for provider, model in asked:
        mine = find(books.book(), provider, model)
        try:
            seller, entry = snapshot.find_provider_model(model, None, provider or None, None)
        except LookupError:
            assert mine is None, (provider, model)
        else:
            assert mine is not None, (provider, model)
            assert (mine[0].name, mine[1].name) == (seller.id, entry.id)


@pytest.mark.parametrize(
    ("provider", "model", "entry"),
    [
        ("gcp.gen_ai", "gemini-2.5-flash", "google"),
        ("aws.bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"),
        ("x_ai", "grok-4", "x-ai"),
        ("openai.responses", "gpt-4o-2024-08-06", "openai"),
        ("", "claude-opus-4-1", "anthropic"),
        ("strands-agents", "gpt-4o", None),
        ("openai", "demo-model", None),
        ("", "llama3", None),
    ],
)
def test_emitters_names_are_understood_or_not_guessed(
    provider: str, model: str, entry: str | None
) -> None:
    found = find(books.book(), provider, model)
    assert (found and found[0].name) == entry


def test_a_book_is_made_once_and_a_damaged_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    books.book.cache_clear()
    made = books.book()
    (file,) = (tmp_path / "spanledger").iterdir()
    assert made.version in file.name
    file.write_text("{")
    books.book.cache_clear()
    assert books.book() == made
    whole = file.read_text()
    books.book.cache_clear()
    assert books.book() == made
    assert file.read_text() == whole
    books.book.cache_clear()
