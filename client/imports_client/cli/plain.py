"""Messages as plain values for JSON: names as in the contract, counts as numbers, all fields present."""

import json
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from commerce.imports.v1 import imports_pb2

_PACKAGE = imports_pb2.DESCRIPTOR.package


def as_plain(message: Message) -> dict[str, Any]:
    """The message as a dict. Every int64 of the contract is below 2^53, so it can be a JSON number; numbers in
    values of any type are doubles there, and whole ones are written without a fraction."""
    plain = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    _restore_numbers(plain, message.DESCRIPTOR)
    whole: dict[str, Any] = _with_whole_numbers(plain)
    return whole


def value_as_plain(value: Struct | Value) -> Any:
    """What a value of any type holds."""
    return _with_whole_numbers(MessageToDict(value))


def as_line(value: object) -> str:
    """JSON on one line, with escapes for whatever a terminal would take for a command."""
    line = json.dumps(value, ensure_ascii=False)
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def print_json(value: dict[str, Any]) -> None:
    """One JSON document on one line of stdout."""
    print(as_line(value), flush=True)


def _with_whole_numbers(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_whole_numbers(each) for name, each in value.items()}
        case list():
            return [_with_whole_numbers(each) for each in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


def _restore_numbers(plain: dict[str, Any], descriptor: Any) -> None:  # of Python's or of C's protobuf
    for field in descriptor.fields:
        if field.name not in plain:
            continue
        value = plain[field.name]
        if field.type == FieldDescriptor.TYPE_INT64:
            plain[field.name] = [int(each) for each in value] if isinstance(value, list) else int(value)
        elif field.message_type is not None and field.message_type.file.package == _PACKAGE:
            for each in value if isinstance(value, list) else [value]:
                _restore_numbers(each, field.message_type)
