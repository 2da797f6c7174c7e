"""What providers say about their rate limits is read and told."""

import datetime as dt
import email.utils
from types import SimpleNamespace

import pytest

import spanledger
from spanledger import attributes as a

from .conftest import Told

OPENAI = {
    "X-RateLimit-Limit-Requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "1500",
    "x-ratelimit-reset-tokens": "6m0s",
}
ANTHROPIC = {
    "retry-after": "12",
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "0",
    "anthropic-ratelimit-requests-reset": "2026-11-21T10:00:00Z",
    "anthropic-ratelimit-input-tokens-limit": "40000",
    "anthropic-ratelimit-input-tokens-remaining": "30000",
}


def test_the_nearest_limit_is_told(told: Told) -> None:
    found = spanledger.rate_limited(OPENAI, 200)
    assert (found.refused, found.kind, found.limit, found.remaining, found.reset) == (
        False,
        "tokens",
        150_000,
        1500,
        "6m0s",
    )
    (event,) = told.events(a.RATE_LIMIT)
    assert (event[a.RATE_LIMIT_KIND], event[a.RATE_LIMIT_REMAINING]) == ("tokens", 1500)
    assert event.severity == "INFO"


def test_a_refusal_says_when_to_come_back(told: Told) -> None:
    error = Exception("slow down")
    response = SimpleNamespace(status_code=429, headers=ANTHROPIC)
    vars(error).update(status_code=429, response=response)
    found = spanledger.rate_limited(error)
    assert (found.refused, found.retry_after_s, found.kind) == (True, 12.0, "requests")
    (event,) = told.events(a.RATE_LIMIT)
    assert (event[a.HTTP_STATUS], event[a.RATE_LIMIT_RETRY_AFTER]) == (429, 12.0)
    assert event.severity == "WARN"


def test_a_refused_model_call_tells_by_itself(told: Told) -> None:
    error = Exception("slow down")
    vars(error).update(status_code=429, response=SimpleNamespace(headers={"retry-after": "1"}))
    with pytest.raises(Exception, match="slow down"), spanledger.llm_call("p", "m"):
        raise error
    assert told.events(a.RATE_LIMIT)[0].span_id == told.spans()[0].context.span_id


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"Retry-After": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
    ],
)
def test_retry_after_is_seconds_milliseconds_or_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert spanledger.rate_limited(headers, 429).retry_after_s == seconds


def test_a_date_to_come_is_seconds_from_now() -> None:
    then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    found = spanledger.rate_limited({"retry-after": email.utils.format_datetime(then)})
    assert found.retry_after_s is not None
    assert 50 < found.retry_after_s <= 60


def test_an_answer_without_a_word_about_limits_is_not_told(told: Told) -> None:
    for answer in ({}, {"content-type": "text/plain"}, None, 5, SimpleNamespace(status_code=200)):
        assert not spanledger.rate_limited(answer).refused
    assert told.events() == []
