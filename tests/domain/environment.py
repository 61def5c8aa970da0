"""An organization's environment in memory: rows go in as they are sent, and what the fold asks for is answered.

It answers exactly what was asked and nothing else, so a test also proves that the questions suffice.
"""

import json
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from imports_service.domain.fold import Folded, fold
from imports_service.domain.imports import Format
from imports_service.domain.inputs import Input, InputDecoder
from imports_service.domain.keys import canonical_key
from imports_service.domain.lookups import (
    OwnNames,
    References,
    Wanted,
    own_names,
    wanted_references,
    wanted_targets,
)
from imports_service.domain.registry import load_registry
from imports_service.domain.resources import ReferenceRow, StoredResource, WrittenResource
from imports_service.domain.rows import Issue, Outcome
from imports_service.domain.shapes import Shapes
from imports_service.ids import new_ids

SHAPES = Shapes(load_registry())
MANY_IDS = 2_000
LONG_AGO = bytes(8)
"""A time as the store sends it."""
ENTROPY = b"for tests, always the same one"

Row = dict[str, Any]


def read(resource_type: str, rows: Sequence[Row], *, parent_resource_id: str | None = None) -> list[Input]:
    """The rows as the fold takes them."""
    shape = SHAPES[resource_type]
    decoder = InputDecoder(shape, format=Format.JSON, parent_resource_id=parent_resource_id)
    lines = [json.dumps(row).encode() for row in rows]
    return decoder.decode(lines, range(1, len(lines) + 1))


class Environment:
    """What is stored, by type and id."""

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str], StoredResource] = {}
        self.imports = 0

    def put(self, resource_type: str, resource_id: str, *key: str, **attributes: object) -> None:
        """Store a resource as if it had always been there; `key` are the values of its unique key."""
        owner_id = attributes.get(SHAPES[resource_type].owner_key)
        self._store(
            WrittenResource(
                resource_type,
                resource_id,
                canonical_key(key) if key else None,
                str(owner_id) if owner_id is not None else None,
                json.dumps(attributes).encode(),
                LONG_AGO,
            )
        )

    def fold(self, resource_type: str, *rows: Row, parent_resource_id: str | None = None) -> Folded:
        """Fold the rows over what is stored and leave that as it is."""
        shape = SHAPES[resource_type]
        inputs = read(resource_type, rows, parent_resource_id=parent_resource_id)
        references = References()
        wanted = wanted_references(shape, inputs)
        while True:
            while not wanted.is_empty:
                asked_keys = zip(wanted.key_types, wanted.keys, strict=True)
                references.add(self._found(wanted), asked_keys=asked_keys)
                wanted = wanted_targets(shape, inputs, references)
            state = self._locked(own_names(shape, inputs, references))
            ids = iter(new_ids(MANY_IDS, milliseconds=self.imports))
            folded = fold(shape, inputs, references, state, new_ids=ids, entropy=ENTROPY)
            assert folded.unlocked == []
            if folded.unasked.is_empty:
                return folded
            wanted = folded.unasked

    def run(self, resource_type: str, *rows: Row, parent_resource_id: str | None = None) -> Folded:
        """Fold the rows and store what they leave behind."""
        self.imports += 1
        folded = self.fold(resource_type, *rows, parent_resource_id=parent_resource_id)
        for name in folded.removed:
            del self.resources[name]
        for written in (*folded.created, *folded.changed):
            self._store(written)
        return folded

    def attributes(self, resource_type: str, resource_id: str) -> Row:
        attributes: Row = json.loads(self.resources[resource_type, resource_id].attributes)
        return attributes

    def keys(self, resource_type: str) -> dict[str, str | None]:
        """The key of every resource of a type, by id."""
        return {
            stored.id: stored.key
            for stored in self.resources.values()
            if stored.resource_type == resource_type
        }

    def children(self, resource_type: str, owner_id: str) -> dict[str, Row]:
        """The attributes of what belongs to the owner, by id, in the order of the list; the owner is left out."""
        items = [
            stored
            for stored in self.resources.values()
            if (stored.resource_type, stored.owner_id) == (resource_type, owner_id)
        ]
        found = sorted(items, key=attrgetter("created_at", "id"))
        owner_key = SHAPES[resource_type].owner_key
        return {
            stored.id: {
                name: value for name, value in json.loads(stored.attributes).items() if name != owner_key
            }
            for stored in found
        }

    def _store(self, written: WrittenResource) -> None:
        same_key = [
            stored.id
            for stored in self.resources.values()
            if (stored.resource_type, stored.key) == (written.resource_type, written.key)
            and stored.key is not None
            and stored.id != written.id
        ]
        assert not same_key, f"two resources have the key {written.key!r}"
        self.resources[written.resource_type, written.id] = StoredResource(
            resource_type=written.resource_type,
            id=written.id,
            key=written.key,
            owner_id=written.owner_id,
            attributes=json.dumps(json.loads(written.attributes)),
            created_at=written.created_at or self.imports.to_bytes(8, "big"),
        )

    def _found(self, wanted: Wanted) -> list[ReferenceRow]:
        ids = set(zip(wanted.types, wanted.ids, strict=True))
        keys = set(zip(wanted.key_types, wanted.keys, strict=True))
        prefixes = list(zip(wanted.prefix_types, wanted.prefixes, strict=True))
        return [
            ReferenceRow(stored.resource_type, stored.id, stored.key)
            for stored in self.resources.values()
            if (stored.resource_type, stored.id) in ids
            or (stored.resource_type, stored.key) in keys
            or any(
                stored.resource_type == name and (stored.key or "").startswith(prefix)
                for name, prefix in prefixes
            )
        ]

    def _locked(self, names: OwnNames) -> list[StoredResource]:
        ids = set(zip(names.id_types, names.ids, strict=True))
        keys = set(zip(names.key_types, names.keys, strict=True))
        named = [
            stored
            for stored in self.resources.values()
            if (stored.resource_type, stored.id) in ids or (stored.resource_type, stored.key) in keys
        ]
        held = {
            (target_type, json.loads(stored.attributes).get(reference))
            for stored in named
            for resource_type, reference, target_type in names.holders
            if stored.resource_type == resource_type
        }
        children = self._children(named, names.owned)
        found = {(stored.resource_type, stored.id) for stored in (*named, *children)}
        found |= {(stored.resource_type, stored.id) for stored in self._children(children, names.owned)}
        return [stored for name, stored in self.resources.items() if name in found | held]

    def _children(
        self, owners: Sequence[StoredResource], owned: Sequence[tuple[str, str]]
    ) -> list[StoredResource]:
        wanted = {
            (item, owner.id) for owner in owners for holder, item in owned if owner.resource_type == holder
        }
        return [
            stored for stored in self.resources.values() if (stored.resource_type, stored.owner_id) in wanted
        ]


def outcomes(folded: Folded) -> list[Outcome]:
    return [Outcome(code) for code in folded.outcomes.codes]


def issues(folded: Folded, place: int = 0) -> list[tuple[str, str]]:
    """The code and attribute of each issue of a row, which is given by its place from 0."""
    return [(issue.code.value, issue.attribute) for issue in folded.outcomes.issues.get(place, ())]


def messages(said: Iterable[Issue]) -> str:
    return "\n".join(issue.message for issue in said)
