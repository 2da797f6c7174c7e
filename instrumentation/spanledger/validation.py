"""A pydantic plugin: tells of data that did not fit, by model, place and kind of error.

Installed as an entry point, it does nothing unless SPANLEDGER_PYDANTIC is on when a model is made.
"""

import json
import os
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue
    from pydantic import ValidationError
    from pydantic.plugin import NewSchemaReturns, SchemaKind, SchemaTypePath
    from pydantic_core import CoreConfig, CoreSchema

__all__ = ["ValidationPlugin", "plugin"]

_MOST_ERRORS: Final = 20


class ValidationPlugin:
    """What pydantic asks for each model it makes."""

    def new_schema_validator(
        self,
        schema: "CoreSchema",
        schema_type: Any,
        schema_type_path: "SchemaTypePath",
        schema_kind: "SchemaKind",
        config: "CoreConfig | None",
        plugin_settings: dict[str, object],
    ) -> "NewSchemaReturns":
        """Listeners for the three ways to validate; none while the plugin is off."""
        del schema, schema_type, schema_kind, config
        wanted = plugin_settings.get("spanledger", _is_on())
        if wanted is False:
            return None, None, None
        model = f"{schema_type_path.module}.{schema_type_path.name}"
        return _Listener(model), _Listener(model), _Listener(model)


def _is_on() -> bool:
    word = os.environ.get("SPANLEDGER_PYDANTIC", "").strip().lower()
    return word in ("1", "true", "on", "yes", "all")


class _Listener:
    """One model's failures; made once, used by many threads: it keeps nothing."""

    __slots__ = ("_model",)

    def __init__(self, model: str) -> None:
        self._model = model

    def on_enter(self, input: Any, **_options: Any) -> None:  # noqa: A002 - pydantic's name
        """Nothing to be done before."""

    def on_success(self, result: Any) -> None:
        """Nothing to tell."""

    def on_exception(self, exception: Exception) -> None:
        """A validator raised something else: that is the caller's to see."""

    def on_error(self, error: "ValidationError") -> None:
        """Tell; nothing heavier than this module is loaded until something fails."""
        from opentelemetry._logs import SeverityNumber  # noqa: PLC0415 - see above

        from spanledger import attributes as a  # noqa: PLC0415
        from spanledger._emit import emit, guarded  # noqa: PLC0415

        with guarded("telling a validation failure"):
            told: dict[str, AttributeValue] = {
                a.VALIDATION_MODEL: self._model,
                a.VALIDATION_COUNT: error.error_count(),
                a.VALIDATION_ERRORS: json.dumps(_shown(error), ensure_ascii=False),
            }
            emit(a.VALIDATION_FAILED, told, severity=SeverityNumber.WARN)


def _shown(error: "ValidationError") -> list[dict[str, object]]:
    from spanledger._text import tells_content  # noqa: PLC0415 - see on_error
    from spanledger.errors_values import Budget, shown  # noqa: PLC0415
    from spanledger.redaction import is_secret_name, redact  # noqa: PLC0415

    has_values = tells_content()
    failures: list[dict[str, object]] = []
    details = error.errors(include_url=False, include_context=False, include_input=has_values)
    for detail in details[:_MOST_ERRORS]:
        # A key of the data may be anything, a secret too.
        place = ".".join(redact(str(part)) for part in detail["loc"])
        failure: dict[str, object] = {"loc": place, "type": detail["type"]}
        if has_values:
            hidden = any(is_secret_name(str(part)) for part in detail["loc"])
            failure["input"] = "[redacted:name]" if hidden else shown(detail["input"], Budget(20))
        failures.append(failure)
    return failures


plugin: Final = ValidationPlugin()
"""The entry point."""
