"""Take a tool's arguments out of what frameworks wrap around them."""

import ast
from typing import Final

from spanledger_exporters.decoding.values import Json, dump

_LONGEST: Final = 256 << 10
"""Characters of a Python literal that are read; a longer one stays a text."""


def unwrapped(text: str, value: Json) -> str:
    """The arguments inside `text`, whose JSON is `value`; the text itself if they are all of it.

    LangChain records `{"inputs": {…}, "input_str": …}`, older ones and LangSmith the `str()` of a
    dict, decorators `{"args": [], "kwargs": {…}}`, LlamaIndex the `kwargs` alone.
    """
    inner = text if value is None else _inside(value)
    if isinstance(inner, str):
        found = _literal(inner)
        return inner if found is None else dump(found)
    return text if inner is None else dump(inner)


def _inside(value: Json) -> Json:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("inputs"), dict):
        return value["inputs"]
    if "input_str" in value:
        return value["input_str"]
    if isinstance(value.get("kwargs"), dict) and (value.get("args") == [] or len(value) == 1):
        return value["kwargs"]
    return value["input"] if value.keys() == {"input"} else None


def _literal(text: str) -> Json:
    """A dict that Python wrote; None for anything else."""
    if not text.lstrip().startswith(("{'", '{"')) or len(text) > _LONGEST:
        return None
    try:
        value: Json = ast.literal_eval(text)
        return value if isinstance(value, dict) and dump(value) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
