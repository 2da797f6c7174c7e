"""Data that does not fit a model is told, by place and kind; nothing is done unless wanted."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.plugin import SchemaTypePath
from pydantic_core import core_schema

from spanledger import attributes as a
from spanledger.validation import plugin

from .conftest import Told


class Order(BaseModel):
    id: int
    items: list[int]
    api_key: str


def failure(data: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate(data)
    return caught.value


def listeners(plugin_settings: dict[str, object] | None = None) -> Any:
    path = SchemaTypePath("shop", "Order")
    return plugin.new_schema_validator(
        core_schema.any_schema(), Order, path, "BaseModel", None, plugin_settings or {}
    )


def told_errors(told: Told) -> list[dict[str, object]]:
    return list(json.loads(str(told.events()[0][a.VALIDATION_ERRORS])))


def test_it_listens_only_when_it_is_on(settings: pytest.MonkeyPatch) -> None:
    assert listeners() == (None, None, None)
    settings.setenv("SPANLEDGER_PYDANTIC", "1")
    assert None not in listeners()
    assert listeners({"spanledger": False}) == (None, None, None)


def test_place_and_kind_are_told_without_values(told: Told) -> None:
    python, _, _ = listeners({"spanledger": True})
    python.on_error(failure({"id": "x", "items": [1, "two"], "api_key": 5}))
    (event,) = told.events()
    assert (event[a.VALIDATION_MODEL], event[a.VALIDATION_COUNT]) == ("shop.Order", 3)
    assert told_errors(told) == [
        {"loc": "id", "type": "int_parsing"},
        {"loc": "items.1", "type": "int_parsing"},
        {"loc": "api_key", "type": "string_type"},
    ]


def test_values_are_content_and_masked(told: Told, full_content: None) -> None:
    python, _, _ = listeners({"spanledger": True})
    python.on_error(failure({"id": "x", "items": [], "api_key": 5}))
    assert [error["input"] for error in told_errors(told)] == ["x", "[redacted:name]"]
