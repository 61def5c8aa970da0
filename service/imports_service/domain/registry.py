"""The types of resources that can be imported: one data file, verified as a whole, never changed after.

Refuses to load a file that contradicts itself, and says where: file, type, attribute. A type has no code of
its own anywhere; what differs between types is in the file.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from imports_service.domain.attributes import Attribute, AttributeType, Relationship
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.registry_checks import complaints_about, in_dependency_order
from imports_service.domain.resource_type import ResourceType

DATA_FILE = "resource_types.toml"

_Member = TypeVar("_Member", Attribute, Relationship)


class RegistryError(Exception):
    """The data file is wrong; the message names file, type and attribute. Nothing can be served with it."""


@dataclass(frozen=True)
class Registry:
    """All types in dependency order: a type stands after those that it refers to. `hash` is 16 hex digits."""

    types: Mapping[str, ResourceType]
    hash: str

    def get(self, name: str) -> ResourceType | None:
        return self.types.get(name)

    def require(self, name: str, *, field: str) -> ResourceType:
        """The type that a request names in `field`. Raises `InvalidArgument` (RESOURCE_TYPE_UNKNOWN)."""
        found = self.types.get(name)
        if found is None:
            raise InvalidArgument(
                FieldViolation(field, f"{name!r} is no resource type"),
                reason="RESOURCE_TYPE_UNKNOWN",
                resource_type=name,
            )
        return found


class _TypeEntry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    key: tuple[str, ...]
    optional_key: tuple[str, ...] = ()
    parent: dict[str, str] = {}
    one_of: tuple[tuple[str, ...], ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    triggers: dict[AttributeType, tuple[str, ...]] = {}
    dry_exportable: bool = True
    attributes: dict[str, Any]
    relationships: dict[str, dict[str, Any]] = {}
    sample: dict[str, Any]


class _File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    opaque_types: tuple[str, ...]
    lists: dict[str, tuple[str, ...]] = {}
    every_type: dict[str, Any]
    types: dict[str, _TypeEntry]


def load_registry(text: str | None = None) -> Registry:
    """Read and verify the package's own data file, or the text given. Raises `RegistryError`."""
    if text is None:
        text = files("imports_service.domain").joinpath(DATA_FILE).read_text("utf-8")
    try:
        data = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RegistryError(f"{DATA_FILE}: {error}") from error
    types = {name: _read_type(name, entry, data) for name, entry in data.types.items()}
    if complaints := list(complaints_about(types)):
        raise RegistryError("\n".join(f"{DATA_FILE}: {complaint}" for complaint in complaints))
    ordered = MappingProxyType({name: types[name] for name in in_dependency_order(types)})
    content = msgspec.json.encode(list(ordered.values()), order="deterministic")
    return Registry(ordered, hashlib.sha256(content).hexdigest()[:16])


def _read_type(name: str, entry: _TypeEntry, data: _File) -> ResourceType:
    if not set(entry.parent) <= {"type", "attribute"}:
        raise RegistryError(f"{DATA_FILE}: {name}: parent: only type and attribute can be said of it")
    attributes = {
        **entry.attributes,
        **{k: v for k, v in data.every_type.items() if k not in entry.attributes},
    }
    return ResourceType(
        name=name,
        attributes=tuple(_read_attribute(name, key, value, data) for key, value in attributes.items()),
        relationships=tuple(
            _read_relationship(name, key, value, data) for key, value in entry.relationships.items()
        ),
        unique_key=entry.key,
        optional_key=entry.optional_key,
        parent_type=entry.parent.get("type", ""),
        parent_attribute=entry.parent.get("attribute", ""),
        one_of=entry.one_of,
        exclusive=entry.exclusive,
        alternatives=entry.alternatives,
        triggers={trigger: kind for kind, names in entry.triggers.items() for trigger in names},
        sample_input=entry.sample,
        dry_exportable=entry.dry_exportable,
    )


def _read_attribute(type_name: str, name: str, value: object, data: _File) -> Attribute:
    stated: dict[str, Any] = (
        {"type": value} if isinstance(value, str) else dict(msgspec.convert(value, dict[str, Any]))
    )
    if isinstance(stated.get("enum"), str):
        stated["enum"] = _named_list(f"{type_name}.{name}", stated["enum"], data)
    return _convert(f"{type_name}.{name}", stated | {"name": name}, Attribute)


def _read_relationship(type_name: str, name: str, value: dict[str, Any], data: _File) -> Relationship:
    stated = value | {"name": name}
    if isinstance(stated.get("types"), str):
        stated["types"] = _named_list(f"{type_name}.{name}", stated["types"], data)
    relationship = _convert(f"{type_name}.{name}", stated, Relationship)
    for target in {*relationship.types, *filter(None, [relationship.items])}:
        if target not in data.types and target not in data.opaque_types:
            raise RegistryError(f"{DATA_FILE}: {type_name}.{name}: there is no type {target!r} to refer to")
    importable = tuple(target for target in relationship.types if target in data.types)
    key = data.types[importable[0]].key if relationship.nested == "shared" and importable else ()
    return msgspec.structs.replace(relationship, importable=importable, key="".join(key[:1]))


def _named_list(place: str, name: str, data: _File) -> tuple[str, ...]:
    if name not in data.lists:
        raise RegistryError(f"{DATA_FILE}: {place}: there is no list {name!r}")
    return data.lists[name]


def _convert(place: str, stated: dict[str, Any], kind: type[_Member]) -> _Member:
    try:
        return msgspec.convert(stated, kind)
    except msgspec.ValidationError as error:
        raise RegistryError(f"{DATA_FILE}: {place}: {error}") from error
