"""Each resource type as a compiled class: decodes and checks rows in C, holds them, encodes what is stored.

The class of a type has `id`, its stored attributes and its to-one references, all UNSET until given, and a place
for what a row nests, which `domain.nested` takes out of there. It knows types, enums, lengths, patterns and the
bounds of numbers. What C can't see (blank texts, characters of ids, secrets,
triggers, names that nobody knows) is the business of `domain.inputs`; what needs the environment, of
`domain.fold`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from imports_service.domain.attributes import Attribute, AttributeType, Scalar
from imports_service.domain.keys import canonical_key, id_text, key_text, row_text
from imports_service.domain.references import ReferenceRules
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType

T = TypeVar("T")

MAX_INTEGER = 2**53 - 1
MAX_ID_LENGTH = 64

_DATETIME: Any = Annotated[datetime, Meta(tz=True)]
_ID: Any = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]

_encode_lines = msgspec.json.Encoder().encode_lines


class Shape:
    """One type's class and what the checks and the fold ask about it again and again.

    `struct` is the class. Its objects are mutable; `==` between them is a first guess that takes True for 1,
    `same` does not. All names are attributes or input keys, in the order of the file.
    """

    def __init__(
        self, resource_type: ResourceType, family: "Shapes", types: Mapping[str, ResourceType]
    ) -> None:
        stored = resource_type.stored_attributes
        references = resource_type.references
        self.resource_type = resource_type
        self.family = family
        self.name = resource_type.name
        self.fields: tuple[str, ...] = (*(a.name for a in stored), *references, *resource_type.shared_lists)
        self.nested_fields: tuple[str, ...] = _nested_fields(resource_type)
        self.never_null: frozenset[str] = frozenset(
            [*resource_type.shared_lists, *(switch.name for switch in resource_type.switches.values())]
        )
        self.required: tuple[str, ...] = (
            *(a.name for a in stored if a.required),
            *(name for name, reference in references.items() if reference.required),
        )
        self.required_texts: tuple[str, ...] = _named(
            stored, lambda a: a.required and a.type is AttributeType.STRING
        )
        self.generated: tuple[str, ...] = _named(stored, lambda a: a.generated)
        self.object_fields: tuple[str, ...] = _named(stored, lambda a: a.type is AttributeType.OBJECT)
        self.datetime_fields: tuple[str, ...] = _named(stored, lambda a: a.type is AttributeType.DATETIME)
        self.reference_fields: tuple[str, ...] = tuple(references)
        self.emails: frozenset[str] = frozenset(_named(stored, lambda a: a.email))
        self.immutable: frozenset[str] = frozenset(
            [*_named(stored, lambda a: a.immutable), *(name for name, r in references.items() if r.immutable)]
        )
        self.defaults: Mapping[str, Scalar] = {a.name: a.default for a in stored if a.default is not UNSET}
        self.reference_rules = ReferenceRules(resource_type, types)
        owner = resource_type.owner
        self.owner_key = owner.input_key if owner is not None else ""
        self.parent_attribute: str = resource_type.parent_attribute
        self.parent_object = self.parent_attribute.removesuffix("_id")
        self.asked_triggers: frozenset[str] = _asked_triggers(resource_type)
        self._nested = getter(self.nested_fields)
        self._no_nested = (UNSET,) * len(self.nested_fields)
        self.struct: Any = _compile(resource_type, _strict_type)
        self._lenient: Any = _compile(resource_type, _lenient_type)
        self.decode_one: Callable[[str | bytes], Any] = msgspec.json.Decoder(self.struct).decode
        self.decode_lines: Callable[[bytes | str], list[Any]] = msgspec.json.Decoder(self.struct).decode_lines
        self._decode_lenient = msgspec.json.Decoder(self._lenient).decode

    def nesting(self, of: Iterable[T], rows: Sequence[Any]) -> list[T]:
        """Of the things that stand for rows, as these were decoded, those whose row gives more than values."""
        nested, nothing = list(map(self._nested, rows)), self._no_nested
        if nested.count(nothing) == len(nested):
            return []
        return [one for one, given in zip(of, nested, strict=True) if given != nothing]

    def decode_stored(self, text: str | bytes) -> Any:
        """What `encode_all` wrote of one. Bounds that came later do not hold, and names that went are left out."""
        try:
            values = self.decode_one(text)
        except msgspec.ValidationError:
            kept = self._decode_lenient(text)
            values = self.struct(**{name: getattr(kept, name) for name in ("id", *self.fields)})
        self._bring_back_doubles((values,))
        return values

    def decode_all_stored(self, texts: Sequence[str]) -> list[Any]:
        """The same of many, each of which is one line, as PostgreSQL writes it."""
        try:
            rows = self.decode_lines("\n".join(texts))
        except msgspec.ValidationError:
            return list(map(self.decode_stored, texts))
        self._bring_back_doubles(rows)
        return rows

    def _bring_back_doubles(self, rows: Sequence[Any]) -> None:
        for name in self.object_fields:
            for values in rows:
                if value := getattr(values, name):
                    setattr(values, name, _with_doubles(value))

    def owner_of(self, values: Any) -> str | None:
        """The id of the resource that one of this type belongs to; None where types or values name none."""
        return (getattr(values, self.owner_key) or None) if self.owner_key else None

    def key_of(self, values: Any) -> str | None:
        """The canonical key; None when the type has none or a part that must be there is missing or empty."""
        return next(self.keys_of((values,)))

    def keys_of(self, rows: Sequence[Any]) -> Iterator[str | None]:
        """The canonical key of each row, like `key_of`."""
        unique_key = self.resource_type.unique_key
        if len(unique_key) == 1:
            return self._single_keys(rows, unique_key[0])
        return self._composite_keys(rows) if unique_key else repeat(None, len(rows))

    def key_text_of(self, values: Any, number: int, key: str | None) -> str:
        """What people call the row: its canonical key `key`, else its id, else its number."""
        if key is not None:
            return key_text(key)
        return id_text(values.id) if values.id else row_text(number)

    def key_texts_of(
        self, rows: Sequence[Any], numbers: Sequence[int], keys: Sequence[str | None]
    ) -> Iterator[str]:
        """What people call each of the rows, like `key_text_of`."""
        if all(keys):
            return map(key_text, filter(None, keys))
        return map(self.key_text_of, rows, numbers, keys)

    def _single_keys(self, rows: Sequence[Any], name: str) -> Iterator[str | None]:
        values = map(attrgetter(name), rows)
        if name in self.emails:
            return (value.lower() if value else None for value in values)
        return (value or None for value in values)

    def _composite_keys(self, rows: Sequence[Any]) -> Iterator[str | None]:
        unique_key = self.resource_type.unique_key
        is_plain = self.emails.isdisjoint(unique_key)
        for values in map(attrgetter(*unique_key), rows):
            yield canonical_key(values) if is_plain and all(values) else self._composite_key(values)

    def _composite_key(self, values: Sequence[Any]) -> str | None:
        parts: list[str | None] = []
        for name, value in zip(self.resource_type.unique_key, values, strict=True):
            if value:
                parts.append(value.lower() if name in self.emails else value)
            elif name in self.resource_type.optional_key:
                parts.append(None)
            else:
                return None
        return canonical_key(parts)

    @staticmethod
    def same(one: object, other: object) -> bool:
        """Whether two values of an attribute are the same value: 1 and 1.0 are, True and 1 are not."""
        return same(one, other)


def encode_all(resources: Sequence[Any]) -> list[bytes]:
    """The JSON that is stored of each of the resources, whose ids are not among their values."""
    return _encode_lines(resources).split(b"\n")[:-1]


class Shapes:
    """The shapes of all types of a registry, compiled once."""

    def __init__(self, registry: Registry) -> None:
        self.types = registry.types
        self._shapes = {
            name: Shape(resource_type, self, self.types) for name, resource_type in self.types.items()
        }

    def __getitem__(self, name: str) -> Shape:
        return self._shapes[name]


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same value, through all levels: 1 and 1.0 are, True and 1 are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _with_doubles(value: Any) -> Any:
    """The stored value with its large numbers as doubles again.

    PostgreSQL writes 1e300 with all its digits, which reads as an integer that nothing can encode. Rows
    can't give integers of that size.
    """
    if isinstance(value, dict):
        return {name: _with_doubles(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_doubles(inner) for inner in value]
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return float(value)
    return value


def _named(attributes: Sequence[Attribute], belongs: Callable[[Attribute], bool]) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in attributes if belongs(attribute))


def getter(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """All the values at once, as a tuple whatever their number."""
    match names:
        case ():
            return lambda _: ()
        case (name,):
            return lambda values: (getattr(values, name),)
        case _:
            return attrgetter(*names)


def _nested_fields(resource_type: ResourceType) -> tuple[str, ...]:
    """The names under which a row gives more than a value: lists, objects, changes of lists, and switches."""
    changes = [f"_{verb}_{name}" for name in resource_type.shared_lists for verb in ("add", "remove")]
    return (
        *resource_type.lists,
        *(name for name in changes if name in resource_type.triggers),
        *resource_type.objects,
        *(switch.name for switch in resource_type.switches.values()),
        *resource_type.switches,
    )


def _asked_triggers(resource_type: ResourceType) -> frozenset[str]:
    """The triggers on whose values it depends what else a row must give."""
    members = (*resource_type.attributes, *resource_type.relationships)
    asked = {name for m in members for name in (*m.required_when, *m.required_unless)}
    return frozenset(a.name for a in resource_type.attributes if a.trigger and a.name in asked)


def _compile(resource_type: ResourceType, type_of: Callable[[Attribute], Any]) -> Any:
    strict = type_of is _strict_type
    fields: list[tuple[str, Any, Any]] = [("id", (_ID if strict else str) | UnsetType, UNSET)]
    for attribute in resource_type.stored_attributes:
        nullable = None if attribute.nullable or not strict else UnsetType
        fields.append((attribute.name, type_of(attribute) | nullable | UnsetType, UNSET))
    for name, reference in resource_type.references.items():
        nullable = None if reference.nullable or not strict else UnsetType
        fields.append((name, (_ID if strict else str) | nullable | UnsetType, UNSET))
    known = {name for name, *_ in fields}
    fields += [(name, Any, UNSET) for name in _nested_fields(resource_type) if name not in known]
    return msgspec.defstruct(
        resource_type.name, fields, gc=not strict, forbid_unknown_fields=strict, module=__name__
    )


def _strict_type(attribute: Attribute) -> Any:
    match attribute.type:
        case AttributeType.STRING if attribute.enum:
            return Literal[attribute.enum]
        case AttributeType.STRING:
            shortest = max(attribute.min_length or 0, 1 if attribute.required else 0)
            pattern = attribute.whole_pattern or None
            return Annotated[str, Meta(min_length=shortest, max_length=attribute.max_length, pattern=pattern)]
        case AttributeType.INTEGER:
            least = -MAX_INTEGER if attribute.minimum is None else attribute.minimum
            return Annotated[int, Meta(ge=least, le=MAX_INTEGER)]
        case AttributeType.FLOAT:
            return float if attribute.above is None else Annotated[float, Meta(gt=attribute.above)]
        case AttributeType.BOOLEAN:
            return bool
        case AttributeType.DATETIME:
            return _DATETIME
        case AttributeType.OBJECT:
            return dict[str, Any]


def _lenient_type(attribute: Attribute) -> Any:
    match attribute.type:
        case AttributeType.DATETIME:
            return datetime
        case AttributeType.FLOAT:
            return float
        case _:
            return Any
