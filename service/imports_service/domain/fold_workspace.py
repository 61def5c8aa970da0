"""The resources that a segment may change, as its rows so far have left them.

A row that nests others is done as a whole or not at all: between `begin` and `end` every change can be taken back.
Which changes are made is the fold's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from itertools import count, repeat
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.fold_changes import Change
from imports_service.domain.references import References
from imports_service.domain.resources import ReferenceRow, StoredResource, WrittenResource
from imports_service.domain.shapes import Shape, Shapes, encode_all


class Resource(msgspec.Struct, gc=False, eq=False):
    """A resource as the rows so far have left it. `stored` is None for one that the segment creates.

    `values` are decoded when they are first asked for (see `Workspace.values_of`), `written` is what becomes of it.
    `place` orders those that were stored before as they were made.
    """

    shape: Shape
    id: str
    key: str | None
    stored: StoredResource | None
    place: int
    values: Any = None
    written: WrittenResource | None = None
    is_gone: bool = False


def _stored_order(resource: Resource) -> tuple[bool, int, str]:
    """By time and id: all that a segment makes is made at one time."""
    is_new = resource.stored is None
    return is_new, 0 if is_new else resource.place, resource.id


class Workspace:
    """Holds resources of all types by id, by key and by owner; finds, creates, changes and removes them."""

    def __init__(self, shapes: Shapes, state: Iterable[StoredResource]) -> None:
        self._by_id: dict[str, dict[str, Resource]] = {name: {} for name in shapes.types}
        self._by_key: dict[str, dict[str, Resource]] = {name: {} for name in shapes.types}
        self._children: dict[tuple[str, str], list[Resource]] = {}
        self._touched: list[Resource] = []
        self._created: list[Resource] = []
        self._changed: list[Resource] = []
        self._removed: list[Resource] = []
        self._gone: set[tuple[str, str]] = set()
        self._journal: list[tuple[Resource, Any, str | None, bool]] | None = None
        self._begun: tuple[int, ...] = ()
        self._places = count()
        by_type: dict[str, list[StoredResource]] = {}
        for stored in state:
            by_type.setdefault(stored.resource_type, []).append(stored)
        for name, of_type in by_type.items():
            self._remember_stored(shapes[name], of_type)

    def ids(self, type_name: str) -> Mapping[str, Resource]:
        """All that is there of a type, by id: a view that follows every change."""
        return self._by_id[type_name]

    def keys(self, type_name: str) -> Mapping[str, Resource]:
        """All that is there of a type, by canonical key: a view that follows every change."""
        return self._by_key[type_name]

    def is_gone(self, type_name: str, resource_id: str) -> bool:
        """Whether the segment has removed it."""
        return (type_name, resource_id) in self._gone

    def children(self, type_name: str, owner_id: str) -> list[Resource]:
        """The items of that type that belong to the owner, in the order that they will have when they are stored."""
        return sorted(self._children.get((type_name, owner_id), ()), key=_stored_order)

    def values_of(self, resource: Resource) -> Any:
        if resource.values is None and resource.stored is not None:
            resource.values = resource.shape.decode_stored(resource.stored.attributes)
        return resource.values

    def values_of_all(self, resources: Sequence[Resource]) -> list[Any]:
        """The values of resources of one type."""
        unread = [one for one in resources if one.values is None]
        if unread:
            texts = [one.stored.attributes for one in unread if one.stored is not None]
            for resource, values in zip(unread, unread[0].shape.decode_all_stored(texts), strict=True):
                resource.values = values
        return [resource.values for resource in resources]

    def create(self, shape: Shape, resource_id: str, key: str | None, values: Any) -> Resource:
        """Add a resource; neither its id nor its key is there yet."""
        resource = Resource(shape, resource_id, key, None, next(self._places), values)
        if self._journal is not None:
            self._journal.append((resource, None, None, False))
        self._remember(resource, shape.owner_of(values) if shape.owner_key else None)
        self._created.append(resource)
        self._touched.append(resource)
        return resource

    def create_all(
        self, shape: Shape, ids: Sequence[str], keys: Sequence[str | None], values: Sequence[Any]
    ) -> None:
        """Add resources of which none can be taken back, like `create`."""
        created = list(map(Resource, repeat(shape), ids, keys, repeat(None), self._places, values))
        self._remember_all(shape.name, ids, keys, created)
        if shape.owner_key:
            self._adopt_all(created, map(shape.owner_of, values))
        self._created += created
        self._touched += created

    def change(self, resource: Resource, changes: Sequence[Change]) -> None:
        """Change attributes of a resource, and with them its key and its owner."""
        values = self.values_of(resource)
        if self._journal is not None:
            self._journal.append((resource, values, resource.key, True))
            values = resource.values = copy(values)
        shape = resource.shape
        owner_before = shape.owner_of(values)
        for name, _, new in changes:
            setattr(values, name, UNSET if new is None and name in shape.never_null else new)
        names = shape.resource_type.unique_key
        sets_key = resource.key is None and any(change.name in names for change in changes)
        if sets_key and (key := shape.key_of(values)) is not None:
            resource.key = key
            self._by_key[shape.name][key] = resource
        owner_id = shape.owner_of(values)
        if owner_id != owner_before:
            self._disown(resource, owner_before)
            self._adopt(resource, owner_id)
        if resource.stored is not None and resource.written is None:
            self._changed.append(resource)
        self._touched.append(resource)

    def remove(self, resource: Resource) -> None:
        """Remove a resource, and with it the items that belong to it."""
        values = self.values_of(resource)
        if self._journal is not None:
            self._journal.append((resource, values, resource.key, True))
        for relationship in resource.shape.resource_type.owned_lists.values():
            for item in self.children(relationship.nested_type, resource.id):
                self.remove(item)
        self._forget(resource, resource.shape.owner_of(values))
        self._removed.append(resource)

    def begin(self) -> None:
        """From here on changes can be taken back."""
        self._journal = []
        self._begun = tuple(map(len, self._lists()))

    def end(self, *, keep: bool) -> None:
        """Keep the changes since `begin`, or take them back."""
        journal, self._journal = self._journal or [], None
        if keep:
            return
        for resource, values, key, was_there in reversed(journal):
            self._take_back(resource, values, key, was_there=was_there)
        for resources, length in zip(self._lists(), self._begun, strict=True):
            del resources[length:]

    def write_touched(self) -> None:
        """Encode what was touched since the last call, each resource once."""
        touched = [resource for resource in dict.fromkeys(self._touched) if not resource.is_gone]
        self._touched.clear()
        encoded = encode_all([resource.values for resource in touched])
        for resource, attributes in zip(touched, encoded, strict=True):
            shape, stored = resource.shape, resource.stored
            resource.written = WrittenResource(
                shape.name,
                resource.id,
                resource.key,
                shape.owner_of(resource.values) if shape.owner_key else None,
                attributes,
                stored.created_at if stored is not None else None,
            )

    def created(self) -> list[WrittenResource]:
        """What the segment makes, written by now."""
        return [r.written for r in self._created if r.written is not None and not r.is_gone]

    def changed(self) -> list[WrittenResource]:
        """What was stored and is other by now."""
        return [r.written for r in dict.fromkeys(self._changed) if r.written is not None and not r.is_gone]

    def removed(self) -> list[tuple[str, str]]:
        """Type and id of what is stored and has to go."""
        return [
            (r.shape.name, r.id) for r in dict.fromkeys(self._removed) if r.stored is not None and r.is_gone
        ]

    def _lists(self) -> tuple[list[Resource], ...]:
        return self._touched, self._created, self._changed, self._removed

    def _take_back(self, resource: Resource, values: Any, key: str | None, *, was_there: bool) -> None:
        owner_now = resource.shape.owner_of(resource.values)
        if not resource.is_gone:
            self._forget(resource, owner_now)
        if was_there:
            resource.values, resource.key, resource.is_gone = values, key, False
            self._remember(resource, resource.shape.owner_of(values))

    def _remember_stored(self, shape: Shape, stored: Iterable[StoredResource]) -> None:
        """Add the stored resources of one type, in the order in which they were made."""
        ordered = sorted(stored, key=attrgetter("created_at", "id"))
        ids, keys = [one.id for one in ordered], [one.key for one in ordered]
        resources = list(map(Resource, repeat(shape), ids, keys, ordered, self._places))
        self._remember_all(shape.name, ids, keys, resources)
        self._adopt_all(resources, [one.owner_id for one in ordered])

    def _remember_all(
        self, name: str, ids: Sequence[str], keys: Sequence[str | None], resources: Sequence[Resource]
    ) -> None:
        """Remember resources of one type that were not there before."""
        self._by_id[name].update(zip(ids, resources, strict=True))
        self._by_key[name].update(
            (key, one) for key, one in zip(keys, resources, strict=True) if key is not None
        )

    def _adopt_all(self, resources: Sequence[Resource], owner_ids: Iterable[str | None]) -> None:
        for resource, owner_id in zip(resources, owner_ids, strict=True):
            if owner_id is not None:
                self._adopt(resource, owner_id)

    def _remember(self, resource: Resource, owner_id: str | None) -> None:
        name = resource.shape.name
        self._by_id[name][resource.id] = resource
        if self._gone:
            self._gone.discard((name, resource.id))
        if resource.key is not None:
            self._by_key[name][resource.key] = resource
        if owner_id is not None:
            self._adopt(resource, owner_id)

    def _forget(self, resource: Resource, owner_id: str | None) -> None:
        name = resource.shape.name
        resource.is_gone = True
        self._gone.add((name, resource.id))
        del self._by_id[name][resource.id]
        if resource.key is not None:
            self._by_key[name].pop(resource.key, None)
        self._disown(resource, owner_id)

    def _adopt(self, resource: Resource, owner_id: str | None) -> None:
        if owner_id is not None:
            self._children.setdefault((resource.shape.name, owner_id), []).append(resource)

    def _disown(self, resource: Resource, owner_id: str | None) -> None:
        if owner_id is not None:
            self._children[resource.shape.name, owner_id].remove(resource)


class Seen(References):
    """What rows can refer to: what was looked up, and what the segment itself has made or found to change."""

    def __init__(self, looked_up: References, workspace: Workspace) -> None:
        super().__init__()
        self._share(looked_up)
        self._workspace = workspace

    def by_id(self, resource_type: str, resource_id: str) -> ReferenceRow | None:
        found = self._workspace.ids(resource_type).get(resource_id)
        if found is not None:
            return ReferenceRow(resource_type, found.id, found.key)
        return (
            None
            if self._workspace.is_gone(resource_type, resource_id)
            else super().by_id(resource_type, resource_id)
        )

    def by_key(self, resource_type: str, key: str) -> ReferenceRow | None:
        found = self._workspace.keys(resource_type).get(key)
        if found is not None:
            return ReferenceRow(resource_type, found.id, found.key)
        row = super().by_key(resource_type, key)
        return None if row is not None and self._workspace.is_gone(resource_type, row.id) else row
