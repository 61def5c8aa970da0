"""By what a row names its resource, and what else it names: compiled from the registry for one resource type.

Rows whose segments may run at the same time all name their resource in one way, so that equal names are equal texts.
A way is a tuple: of the members that give the key, ("id",) for an id alone, () for nothing at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.mentions import (
    Mentions,
    Row,
    Unclear,
    creatable_by,
    is_email,
    is_given,
    object_of,
    salt,
    single_key,
    text_of,
)

Way = tuple[str, ...]
BY_NOTHING: Way = ()
BY_ID: Way = ("id",)


@dataclass(frozen=True)
class _Part:
    """A part of a key: the member `name`, or the id or the object of what it refers to; "" where there are none.

    `by_object` says which members of the object may stand for it, and whether they are emails.
    """

    name: str
    is_email: bool
    is_optional: bool
    by_id: str
    object: str
    by_object: Mapping[str, bool]

    @cached_property
    def members(self) -> frozenset[str]:
        return frozenset({self.name, self.by_id, self.object} - {""})

    def read(self, row: Row) -> tuple[list[str], str | None]:
        """The members that give the part, and the value of the first. Raises `Unclear`."""
        given = {}
        if text := text_of(row.get(self.name)):
            given[self.name] = text.lower() if self.is_email else text
        if text := text_of(row.get(self.by_id)):
            given[self.by_id] = text
        if is_given(value := row.get(self.object)):
            names = {name: inner for name, inner in object_of(value).items() if is_given(inner)}
            if len(names) != 1 or not names.keys() <= self.by_object.keys():
                raise Unclear
            ((name, inner),) = names.items()
            given[f"{self.object}.{name}"] = (
                text_of(inner).lower() if self.by_object[name] else text_of(inner)
            )
        return list(given), next(iter(given.values()), None)


class Naming:
    """Reads rows of one type. `texts` are the members that hold texts, `objects` those that hold more."""

    def __init__(
        self, resource_type: ResourceType, registry: Registry, *, parent_resource_id: str | None = None
    ) -> None:
        self._has_key = resource_type.has_key
        self._parent_attribute = resource_type.parent_attribute if parent_resource_id is not None else ""
        self._parent = parent_resource_id
        self._id = salt(resource_type.name, "id")
        self._key = salt(resource_type.name, "key")
        self._parts = [_part(resource_type, name, registry) for name in resource_type.unique_key]
        self._mentions = Mentions(resource_type, registry, creatable_by(resource_type, registry))
        objects = {*self._mentions.objects, *(part.object for part in self._parts)} - {""}
        members = {"id", *self._mentions.members}.union(*(part.members for part in self._parts))
        self.objects = tuple(sorted(objects))
        self.texts = tuple(sorted(members - objects))
        self._listed = frozenset({*self._mentions.objects, *self._mentions.name_lists})
        self._not_by_columns = frozenset({*(part.object for part in self._parts), *self._mentions.unclear})

    def of(self, row: Row) -> tuple[Way, list[int]]:
        """The way of a row, and the hashes of all that it names. `row` has no absent members. Raises `Unclear`."""
        if self._parent_attribute and self._parent_attribute not in row:
            if any(part.name == self._parent_attribute and part.object in row for part in self._parts):
                raise Unclear
            row = {**row, self._parent_attribute: self._parent}
        hashes = []
        if resource_id := text_of(row.get("id")):
            hashes.append(hash((self._id, resource_id)))
        way: Way = BY_ID if resource_id else BY_NOTHING
        read = [part.read(row) for part in self._parts]
        if any(members for members, _ in read):
            way = self._way(read)
            hashes.append(hash((self._key, *(value for _, value in read))))
        elif self._has_key and not resource_id:
            raise Unclear
        self._mentions.read(row, hashes, is_new=way == BY_NOTHING)
        return way, hashes

    def of_columns(
        self, columns: Mapping[str, Sequence[Any]], rows: int
    ) -> tuple[Way, list[list[int]], list[list[int]]] | None:
        """The same for many rows at once: their way, lists of hashes with one for each row, and a list of more hashes
        for each row, if any row has more.

        `columns` are those in which a row says anything. None where rows differ, or give their key by something else
        than its members: then they have to be read one by one. Raises `Unclear`.
        """
        texts = [values for name, values in columns.items() if name not in self._listed]
        if not self._not_by_columns.isdisjoint(columns) or not all(map(all, texts)):
            return None
        if self._parent_attribute and self._parent_attribute not in columns:
            columns = {**columns, self._parent_attribute: [self._parent] * rows}
        hashes = [_hashes(self._id, columns["id"])] if "id" in columns else []
        way: Way = BY_ID if "id" in columns else BY_NOTHING
        if any(not part.members.isdisjoint(columns) for part in self._parts):
            if (values := self._key_columns(columns)) is None:
                return None
            given = [[name for name in (part.name, part.by_id) if name in columns] for part in self._parts]
            way = self._way([(members, None) for members in given])
            hashes.append(_hashes(self._key, *values))
        elif self._has_key and way == BY_NOTHING:
            raise Unclear
        for name, (salts, email) in self._mentions.texts.items():
            if name in columns:
                hashes += [_hashes(one, _lower(columns[name], email)) for one in salts]
        if self._listed.isdisjoint(columns):
            return way, hashes, []
        more: list[list[int]] = [[] for _ in range(rows)]
        self._mentions.read_columns(columns, more, is_new=way == BY_NOTHING)
        return way, hashes, more

    def _key_columns(self, columns: Mapping[str, Sequence[str]]) -> list[Iterable[str | None]] | None:
        """The parts of the keys; None where their members do not give all of them."""
        values: list[Iterable[str | None]] = []
        for part in self._parts:
            if part.name in columns:
                values.append(_lower(columns[part.name], part.is_email))
            elif part.is_optional and part.by_id not in columns:
                values.append(repeat(None))
            else:
                return None
        return values

    def _way(self, read: Sequence[tuple[list[str], object]]) -> Way:
        """The way of a row that gives its key by these members. Raises `Unclear` when it does not give all of it."""
        way: list[str] = []
        for part, (members, _) in zip(self._parts, read, strict=True):
            if not members and not part.is_optional:
                raise Unclear
            way += [name for name in members if not part.is_optional or name != part.name]
        return tuple(way)


def _part(resource_type: ResourceType, name: str, registry: Registry) -> _Part:
    attribute = resource_type.attribute.get(name)
    by_id = attribute.fills if attribute is not None else ""
    relationship = resource_type.references.get(by_id or name)
    by_object = {"id": False}
    if relationship is not None and len(relationship.importable) == 1:
        target = registry.types[relationship.importable[0]]
        if key := single_key(target):
            by_object[key] = is_email(target, key)
    return _Part(
        name=name,
        is_email=is_email(resource_type, name),
        is_optional=name in resource_type.optional_key,
        by_id=by_id,
        object=relationship.name if relationship is not None else "",
        by_object=by_object,
    )


def _hashes(kind: int, *values: Iterable[Any]) -> list[int]:
    return list(map(hash, zip(repeat(kind), *values)))


def _lower(texts: Sequence[str], is_email: bool) -> Sequence[str]:
    return [text.lower() for text in texts] if is_email else texts
