"""Read and write the messages of Arrow Flight SQL that travel inside Flight's own.

Names and field numbers are those of the protocol (arrow.flight.protocol.sql); only what a reader
of a database needs is here. The descriptors are built at start-up, in a pool of their own.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message, message_factory

from spanledger_exporters.errors import BadRequestError

_PACKAGE: Final = "arrow.flight.protocol.sql"
_URL: Final = "type.googleapis.com/"
_KIND: Final = descriptor_pb2.FieldDescriptorProto
_STRING: Final = _KIND.TYPE_STRING
_BYTES: Final = _KIND.TYPE_BYTES
_MESSAGES: Final = {
    "CommandStatementQuery": {"query": (1, _STRING)},
    "TicketStatementQuery": {"statement_handle": (1, _BYTES)},
    "CommandPreparedStatementQuery": {"prepared_statement_handle": (1, _BYTES)},
    "ActionCreatePreparedStatementRequest": {"query": (1, _STRING)},
    "ActionCreatePreparedStatementResult": {"prepared_statement_handle": (1, _BYTES)},
    "ActionClosePreparedStatementRequest": {"prepared_statement_handle": (1, _BYTES)},
    "CommandGetSqlInfo": {},
    "CommandGetCatalogs": {},
    "CommandGetDbSchemas": {"db_schema_filter_pattern": (2, _STRING)},
    "CommandGetTableTypes": {},
    "CommandGetTables": {
        "db_schema_filter_pattern": (2, _STRING),
        "table_name_filter_pattern": (3, _STRING),
        "include_schema": (5, _KIND.TYPE_BOOL),
    },
}
"""Message to field to (number, type)."""


@dataclass(frozen=True, slots=True)
class Word:
    """One message: its name and its fields; an unset text is empty."""

    name: str
    text: str = ""
    """The SQL of a statement, prepared or not, or of a ticket."""
    schema_pattern: str = ""
    table_pattern: str = ""
    with_schema: bool = False


def unpack(data: bytes) -> Word:
    """The message in the bytes of a command, a ticket or an action's body.

    Raises BadRequestError for what is not Flight SQL or is no question about a database.
    """
    try:
        packed = any_pb2.Any.FromString(data)
        name = packed.type_url.rpartition(f"/{_PACKAGE}.")[2]
        if name not in _MESSAGES:
            raise BadRequestError(f"{packed.type_url[:100]!r} is not answered here")
        found = _class(name).FromString(packed.value)
        return _word(name, found)
    except (message.DecodeError, UnicodeDecodeError) as error:
        raise BadRequestError("not a message of Flight SQL") from error


def _word(name: str, found: message.Message) -> Word:
    fields = {field.name: value for field, value in found.ListFields()}
    # Our handles are the SQL itself: no statement has to be remembered, or forgotten.
    handle = fields.get("statement_handle") or fields.get("prepared_statement_handle") or b""
    return Word(
        name,
        fields.get("query") or handle.decode(),
        fields.get("db_schema_filter_pattern", ""),
        fields.get("table_name_filter_pattern", ""),
        fields.get("include_schema", False),
    )


def pack(name: str, **fields: str | bytes | bool) -> bytes:
    """A message of that name, in the wrapping it travels in."""
    inner = _class(name)(**fields).SerializeToString()
    return any_pb2.Any(type_url=f"{_URL}{_PACKAGE}.{name}", value=inner).SerializeToString()


@cache
def _class(name: str) -> type[message.Message]:
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(
        name="flight_sql.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        kind = file.message_type.add(name=name)
        for field, (number, type_) in fields.items():
            kind.field.add(name=field, number=number, type=type_, label=_KIND.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
