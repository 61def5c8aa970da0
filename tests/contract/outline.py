"""The outline of a contract: what callers' code and stored messages depend on, as lines that can be compared.

Comments, order and layout of the files are left out on purpose.
"""

from collections.abc import Iterable

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)

Outline = dict[str, list[str]]
"""Lines by `service Name`, `message Name` or `enum Name`."""


def outline(files: Iterable[FileDescriptorProto]) -> Outline:
    lines: Outline = {}
    for file in files:
        lines |= {f"service {service.name}": _methods(service) for service in file.service}
        lines |= {f"message {message.name}": _fields(message) for message in file.message_type}
        lines |= {f"enum {enum.name}": _values(enum) for enum in file.enum_type}
    return dict(sorted(lines.items()))


def _methods(service: ServiceDescriptorProto) -> list[str]:
    return [
        f"{method.name}({'stream ' * method.client_streaming}{_short(method.input_type)})"
        f" returns ({'stream ' * method.server_streaming}{_short(method.output_type)})"
        for method in service.method
    ]


def _fields(message: DescriptorProto) -> list[str]:
    lines = [f"{field.number} {_label(message, field)}{_type(field)} {field.name}" for field in message.field]
    return lines + [f"reserved {gap.start} to {gap.end - 1}" for gap in message.reserved_range]


def _label(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return "repeated "
    if field.proto3_optional:
        return "optional "
    if field.HasField("oneof_index"):
        return f"oneof {message.oneof_decl[field.oneof_index].name}: "
    return ""


def _type(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return _short(field.type_name)
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def _values(enum: EnumDescriptorProto) -> list[str]:
    return [f"{value.number} {value.name}" for value in enum.value]


def _short(type_name: str) -> str:
    return type_name.removeprefix(".commerce.imports.v1.").removeprefix(".")
