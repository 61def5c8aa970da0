"""The contract keeps its names and numbers: what is in contract.json has to stay, more may come beside it."""

import json
import keyword
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from commerce.imports.v1 import imports_pb2, resource_types_pb2, resources_pb2
from tests.contract.outline import outline

MODULES = (imports_pb2, resource_types_pb2, resources_pb2)
PROMISED: dict[str, list[str]] = json.loads(Path(__file__).with_name("contract.json").read_text())


def descriptor_of(module: ModuleType) -> FileDescriptorProto:
    file = FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    return file


SERVED = outline(descriptor_of(module) for module in MODULES)


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_name_number_and_type_is_served(name: str) -> None:
    missing = [line for line in PROMISED[name] if line not in SERVED.get(name, [])]

    assert not missing


def test_the_promise_covers_three_services_with_eighteen_calls() -> None:
    services = {name: lines for name, lines in PROMISED.items() if name.startswith("service ")}

    assert len(services) == 3
    assert sum(map(len, services.values())) == 18


def test_no_field_is_a_python_keyword() -> None:
    fields = [
        field
        for module in MODULES
        for message in descriptor_of(module).message_type
        for field in message.field
    ]

    assert not [field.name for field in fields if keyword.iskeyword(field.name)]


def test_the_number_zero_of_every_enum_means_unspecified() -> None:
    enums = [enum for module in MODULES for enum in descriptor_of(module).enum_type]

    assert not [enum.name for enum in enums if not enum.value[0].name.endswith("_UNSPECIFIED")]


def test_every_file_is_of_the_package_that_callers_import() -> None:
    assert {descriptor_of(module).package for module in MODULES} == {"commerce.imports.v1"}
