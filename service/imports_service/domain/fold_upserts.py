"""One resource, made or changed as one object of a row says: what that takes and what forbids it.

Works the same for rows and for what is nested in them. Finding faults and making changes are apart, so that a row
without nested values needs nothing taken back.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from hashlib import blake2b
from itertools import islice
from typing import Any

from msgspec import UNSET

from imports_service.domain.checks import issue_of_key
from imports_service.domain.fold_changes import Change
from imports_service.domain.fold_rules import FoldRules
from imports_service.domain.fold_workspace import Resource, Seen, Workspace
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import Shape

_CODE_BYTES = 8
_CODE_DIGITS = 20


class Upserts:
    """Upserts of resources of all types in one segment.

    `unasked` names keys, as type and key, that were completed attribute by attribute and that nobody has looked up.
    """

    def __init__(
        self, workspace: Workspace, references: Seen, *, new_ids: Iterator[str], entropy: bytes
    ) -> None:
        self.workspace = workspace
        self.references = references
        self.unasked: dict[tuple[str, str], None] = {}
        self._new_ids = new_ids
        self._entropy = entropy
        self._rules: dict[str, FoldRules] = {}

    def rules_of(self, shape: Shape) -> FoldRules:
        """The rules of a type, the same ones each time."""
        rules = self._rules.get(shape.name)
        if rules is None:
            rules = self._rules[shape.name] = FoldRules(shape)
        return rules

    def named(
        self, shape: Shape, resource_id: Any, key: str | None
    ) -> tuple[Resource | None, tuple[Issue, ...]]:
        """The resource that is meant: by its id, else by its key; None for one that is not there yet."""
        if resource_id:
            resource = self.workspace.ids(shape.name).get(resource_id)
            if resource is not None:
                return resource, ()
        if key is None:
            return None, ()
        resource = self.workspace.keys(shape.name).get(key)
        if resource is not None and resource_id:
            return resource, (id_ignored(resource.id),)
        return resource, ()

    def create(self, shape: Shape, values: Any, key: str | None) -> Resource:
        """Make a resource of the values, with what the type adds to them."""
        rules = self.rules_of(shape)
        resource_id = values.id or next(self._new_ids)
        new = copy(values)
        new.id = UNSET
        for name, default in rules.defaults:
            if getattr(new, name) is UNSET:
                setattr(new, name, default)
        for name in rules.generated:
            if getattr(new, name) is UNSET:
                setattr(new, name, self._code(resource_id))
        return self.workspace.create(shape, resource_id, key, new)

    def create_all(self, shape: Shape, rows: Sequence[Any], keys: Sequence[str | None]) -> list[str]:
        """Make a resource of each of the rows, which have no ids; their ids are returned."""
        rules = self.rules_of(shape)
        ids = list(islice(self._new_ids, len(rows)))
        new = list(map(copy, rows))
        for name, default in rules.defaults:
            for values in new:
                if getattr(values, name) is UNSET:
                    setattr(values, name, default)
        for name in rules.generated:
            for values, resource_id in zip(new, ids, strict=True):
                if getattr(values, name) is UNSET:
                    setattr(values, name, self._code(resource_id))
        self.workspace.create_all(shape, ids, keys, new)
        return ids

    def changes(self, resource: Resource, values: Any) -> list[Change]:
        """What the values would change; empty when they leave everything as it is."""
        return self.rules_of(resource.shape).changes(self.workspace.values_of(resource), values)

    def refused(self, resource: Resource, changes: list[Change], given: Any, values: Any) -> list[Issue]:
        """Why the changes are refused: the type forbids them, or they make the key of another resource.

        `given` is the object as it came, `values` with its references filled in.
        """
        rules = self.rules_of(resource.shape)
        issues = rules.refused(changes, has_key=resource.key is not None, given=given)
        parts = [change.name for change in changes if change.name in rules.key]
        if issues or not parts:
            return issues
        shape = resource.shape
        named = copy(self.workspace.values_of(resource))
        for change in changes:
            setattr(named, change.name, change.new)
        key = shape.key_of(named)
        if key is None:
            return []
        if (issue := issue_of_key(shape, named)) is not None:
            return [issue]
        if self.references.by_key(shape.name, key) is not None:
            name = rules.references.given_by(parts[0], given)
            return [Issue(Code.IMMUTABLE_KEY, name, "makes the key of another resource")]
        if (shape.name, key) not in self.references.asked_keys and key != shape.key_of(values):
            self.unasked[shape.name, key] = None
        return []

    def _code(self, resource_id: str) -> str:
        """Twenty digits for a new resource, its own as its id is, but not to be guessed from it."""
        digest = blake2b(resource_id.encode(), key=self._entropy, digest_size=_CODE_BYTES).digest()
        return f"{int.from_bytes(digest):0{_CODE_DIGITS}d}"


def id_ignored(resource_id: str) -> Issue:
    """The warning for an id beside the key of a resource with another id."""
    return Issue(Code.ID_IGNORED, "id", f"is ignored: the resource with this key has the id {resource_id}")
