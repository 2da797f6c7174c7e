"""Say what went wrong in one tree; the class decides the wire status and the exit code.

LedgerError             exit 1
  BadRequestError       INVALID_ARGUMENT / 400, the sender must not retry
  TooLargeError         RESOURCE_EXHAUSTED / 413, the sender must not retry
  BusyError             UNAVAILABLE / 503, the sender retries
  StoreError            UNAVAILABLE / 503; as a command: exit 1
  UsageError            exit 2
  NotFoundError         exit 3
"""


class LedgerError(Exception):
    """One clear line that says what to do."""

    exit_code = 1


class BadRequestError(LedgerError):
    """The request can never be accepted as it is."""


class TooLargeError(LedgerError):
    """The request is larger than the limit, before or after inflation."""


class BusyError(LedgerError):
    """The collector is at its memory limit; the same request may succeed later."""


class StoreError(LedgerError):
    """The directory cannot be written or read now (disk full, rights, damage)."""


class UsageError(LedgerError):
    """The command or a setting is wrong."""

    exit_code = 2


class NotFoundError(LedgerError):
    """Nothing has that name or id."""

    exit_code = 3
