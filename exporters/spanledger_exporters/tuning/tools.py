"""Find the definitions of tools that a model call was given, in OpenAI's shape."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from spanledger_exporters.decoding.values import Json
from spanledger_exporters.tuning.chat import Said

_NUMBERED: Final = re.compile(r"llm\.request\.functions\.(\d+)\.(name|description|parameters)")
_SCHEMAS: Final = (
    "parameters",
    "parametersJsonSchema",
    "input_schema",
    "inputSchema",
    "parameters_json_schema",
)
_GROUPS: Final = ("functionDeclarations", "function_declarations", "function_tools", "tools")
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


@lru_cache(256)
def defined(attributes: str | None) -> str:
    """The tools defined in a span's attributes (`[{key, value}]` as JSON), as a JSON list."""
    found: dict[str, Json] = {}
    numbered: dict[str, dict[str, Json]] = {}
    for entry in _items(_loaded(attributes)):
        key, text = entry.get("key"), entry.get("value")
        match = _NUMBERED.fullmatch(str(key))
        if match:
            value = _loaded(text) if match[2] == "parameters" else text
            numbered.setdefault(match[1], {})[match[2]] = value
        else:
            found.update((name, tool) for name, tool in _tools(_loaded(text)))
    for number in sorted(numbered, key=int):
        found.update(_tools(numbered[number]))
    return json.dumps([found[name] for name in sorted(found)], ensure_ascii=False)


def listed(*documents: str | None) -> str:
    """The tools in a request or a response as it was sent, which some emitters record whole."""
    for document in documents:
        value = _loaded(document) if document and document.lstrip().startswith("{") else None
        config = value.get("config") if isinstance(value, dict) else None
        for place in (value, config):
            tools = dict(_tools(place.get("tools"))) if isinstance(place, dict) else {}
            if tools:
                return json.dumps([tools[name] for name in sorted(tools)], ensure_ascii=False)
    return "[]"


def observed(conversation: Iterable[Said]) -> str:
    """Definitions made up from the calls: all that can be said of tools nobody described."""
    seen: dict[str, dict[str, Json]] = {}
    for said in conversation:
        for call in said.calls:
            seen.setdefault(call.name, {}).update(_properties(call.arguments))
    return json.dumps(
        [
            _tool(name, "", {"type": "object", "properties": {**seen[name]}})
            for name in sorted(seen)
        ],
        ensure_ascii=False,
    )


@lru_cache(1024)
def _properties(arguments: str) -> tuple[tuple[str, Json], ...]:
    return tuple(
        (name, {"type": _TYPES.get(type(value), "object")})
        for name, value in json.loads(arguments).items()
    )


def _tools(value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, list):
        for item in value:
            # The Vercel AI SDK keeps each definition as a text of its own.
            yield from _tools(_loaded(item) if isinstance(item, str) else item)
        return
    if not isinstance(value, dict):
        return
    for group in _GROUPS:
        yield from _tools(value.get(group))
    inner = value.get("function")
    tool = inner if isinstance(inner, dict) else value
    name = tool.get("name")
    if isinstance(name, str) and name:
        schema = next((tool[key] for key in _SCHEMAS if isinstance(tool.get(key), dict)), None)
        yield name, _tool(name, tool.get("description"), schema)


def _tool(name: str, description: Json, schema: Json) -> Json:
    parameters: Json = schema or {"type": "object", "properties": {}}
    function: dict[str, Json] = {"name": name, "parameters": parameters}
    if isinstance(description, str) and description:
        function["description"] = description
    return {"type": "function", "function": function}


def _items(value: Json) -> Iterator[Mapping[str, Json]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _loaded(text: Json) -> Json:
    if not isinstance(text, str):
        return text
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
