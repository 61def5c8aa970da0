"""The types of resources that can be imported: one data file, verified as a whole, never changed after.

Refuses to load a file that contradicts itself, and says where: file, type, attribute. A type has no code of
its own anywhere; what differs between types is in the file.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from imports_service.domain.attributes import Attribute, AttributeType, Relationship
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.registry_checks import complaints_about, in_dependency_order

DATA_FILE = "resource_types.toml"

_Member = TypeVar("_Member", Attribute, Relationship)

_READ_ONLY_NAMES = frozenset({"created_at", "updated_at", "type"})
_FAILED_INPUTS_NAMES = frozenset({"_row_number", "_outcome", "_codes", "_messages"})


class RegistryError(Exception):
    """The data file is wrong; the message names file, type and attribute. Nothing can be served with it."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One type. Attributes and relationships stand in the order of the file, which CSV headers follow.

    `unique_key` is in canonical order and names attributes or input keys; empty when only an id names a
    resource.
    `triggers` maps the update-only commands to the type of their value.
    """

    name: str
    attributes: tuple[Attribute, ...]
    relationships: tuple[Relationship, ...]
    unique_key: tuple[str, ...] = ()
    optional_key: tuple[str, ...] = ()
    parent_type: str = ""
    parent_attribute: str = ""
    one_of: tuple[tuple[str, ...], ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    triggers: Mapping[str, AttributeType]
    sample_input: Mapping[str, Any]
    dry_exportable: bool = True

    @property
    def has_key(self) -> bool:
        return bool(self.unique_key)

    @cached_property
    def attribute(self) -> Mapping[str, Attribute]:
        """The attributes by name, triggers among them."""
        return {attribute.name: attribute for attribute in self.attributes}

    @cached_property
    def stored_attributes(self) -> tuple[Attribute, ...]:
        """The attributes that a resource can have: all but triggers and secrets of their owner."""
        return tuple(a for a in self.attributes if not (a.trigger or a.write_only))

    @cached_property
    def references(self) -> Mapping[str, Relationship]:
        """The to-one relationships by input key."""
        return {r.input_key: r for r in self.relationships if not r.many}

    @cached_property
    def lists(self) -> Mapping[str, Relationship]:
        """The to-many relationships by input key."""
        return {r.input_key: r for r in self.relationships if r.many}

    @cached_property
    def owner(self) -> Relationship | None:
        """The relationship to the resource that one of this type is part of."""
        return next((r for r in self.relationships if r.owner), None)

    @cached_property
    def shortcuts(self) -> tuple[Attribute, ...]:
        """The attributes that name another resource by its key."""
        return tuple(a for a in self.attributes if a.refers_to)

    @cached_property
    def write_only(self) -> frozenset[str]:
        return frozenset(a.name for a in self.attributes if a.write_only)

    @cached_property
    def csv_header(self) -> str:
        """The columns of a CSV template, comma-joined: what a person would fill in."""
        return ",".join([*(a.name for a in self.stored_attributes), *self.references])

    def is_read_only(self, name: str) -> bool:
        """Whether our files carry the name although it can't be set: in a row, it is dropped in silence."""
        if name in self.attribute:
            return False
        if name in _READ_ONLY_NAMES or name in _FAILED_INPUTS_NAMES:
            return True
        return name.startswith("formatted_") or name.endswith("_float")

    def required_when(self, member: Attribute | Relationship) -> str:
        """The condition in words under which a row that creates must give it; "" when there is none."""
        name = member.name if isinstance(member, Attribute) else member.input_key
        parts = [f"{other} is {_word(value)}" for other, value in member.required_when.items()]
        parts += [f"{other} is not {_word(value)}" for other, value in member.required_unless.items()]
        alternatives = [other for group in self.one_of if name in group for other in group if other != name]
        alternatives += member.required_without
        if self.owner is member:
            alternatives += [f"a nesting {member.name}"]
        if alternatives:
            parts.append(f"without {' or '.join(alternatives)}")
        return " and ".join(parts)


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
    return msgspec.structs.replace(relationship, importable=importable)


def _named_list(place: str, name: str, data: _File) -> tuple[str, ...]:
    if name not in data.lists:
        raise RegistryError(f"{DATA_FILE}: {place}: there is no list {name!r}")
    return data.lists[name]


def _convert(place: str, stated: dict[str, Any], kind: type[_Member]) -> _Member:
    try:
        return msgspec.convert(stated, kind)
    except msgspec.ValidationError as error:
        raise RegistryError(f"{DATA_FILE}: {place}: {error}") from error


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
