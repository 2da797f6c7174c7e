"""Say what an exception means for a step, and tell it in OpenTelemetry's words."""

import sys

from spanledger import attributes as a
from spanledger._text import class_name, title


def is_cancelled(error: BaseException) -> bool:
    """Somebody stopped it: that is not the step's fault."""
    # By name: importing asyncio costs 30 ms, and who was cancelled by it has it.
    tasks = sys.modules.get("asyncio")
    if tasks is not None and isinstance(error, tasks.CancelledError):
        return True
    return isinstance(error, KeyboardInterrupt | GeneratorExit)


def is_failure(error: BaseException) -> bool:
    """It went wrong; `sys.exit()` without an error is a way to end well."""
    if isinstance(error, SystemExit):
        return error.code not in {None, 0}
    return not is_cancelled(error)


def failure(error: object) -> dict[str, str]:
    """`error.type` and `exception.message`, of an exception or of a reason in words."""
    if error is None:
        return {}
    told = {} if isinstance(error, str) else {a.ERROR_TYPE: class_name(error)}
    message = title(error)
    return told | ({a.ERROR_MESSAGE: message} if message else {})
