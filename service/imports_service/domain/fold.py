"""What the rows of a segment do to the environment, row after row in row order.

A pure function of the rows, of what their references were found to be, and of the resources that they name:
it asks nobody and leaves its arguments as they are, so it may run again with newer answers. Rows of one
resource follow each other here, each with its own outcome, and the resource is written once. Rows that can't
be read have failed before; judged here is what needs the environment: which resource a row means, whether it
creates, changes or leaves it, and what may not be changed.
"""

from collections.abc import Iterable, Iterator
from copy import copy
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.checks import issue_of_key
from imports_service.domain.fold_changes import Change
from imports_service.domain.fold_rules import FoldRules
from imports_service.domain.inputs import Input
from imports_service.domain.lookups import Wanted
from imports_service.domain.outcomes import SegmentOutcomes
from imports_service.domain.references import References
from imports_service.domain.resources import StoredResource, WrittenResource
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.domain.shapes import Shape

ENTROPY_BYTES = 16
_CODE_BYTES = 8
_CODE_DIGITS = 20


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment leaves behind. `created` is in the order of key and id, `changed` in that of id.

    `unasked` names keys that rows completed attribute by attribute and that no look-up has asked for. Until
    it is empty the fold may have missed a resource that has such a key: look them up, add the answer to the
    references together with the keys, and fold again.
    """

    created: list[WrittenResource]
    changed: list[WrittenResource]
    removed: list[tuple[str, str]]
    outcomes: SegmentOutcomes
    unasked: Wanted


class _Resource(msgspec.Struct, gc=False):
    """A resource as the rows so far have left it. `stored` is None for one that the segment creates.

    `values` are decoded when the first row means the resource, `written` is what becomes of it.
    """

    id: str
    key: str | None
    stored: StoredResource | None
    values: Any = None
    written: WrittenResource | None = None


class Fold:
    """The fold of one segment in slices, so that the caller can breathe between: `add` each, then `finish`.

    `state` holds every stored resource that the rows name by id or by key. `new_ids` yields one id for every
    row. `entropy` (`ENTROPY_BYTES` random bytes) makes the codes that nobody shall guess.
    """

    def __init__(
        self,
        shape: Shape,
        references: References,
        state: Iterable[StoredResource],
        *,
        new_ids: Iterator[str],
        entropy: bytes,
    ) -> None:
        self._shape = shape
        self._rules = FoldRules(shape)
        self._references = references
        self._new_ids = new_ids
        self._entropy = entropy
        self._by_id: dict[str, _Resource] = {}
        self._by_key: dict[str, _Resource] = {}
        self._created: list[WrittenResource] = []
        self._changed: list[WrittenResource] = []
        self._unasked: dict[str, None] = {}
        self._outcomes = SegmentOutcomes.empty()
        for stored in state:
            self._remember(_Resource(stored.id, stored.key, stored))

    def add(self, inputs: Iterable[Input]) -> None:
        """Fold the next rows."""
        for row in inputs:
            if row.values is None:
                self._outcomes.add(Outcome.FAILED, "", row.key_text, row.issues)
            else:
                self._fold(row)

    def finish(self) -> Folded:
        """What all rows together come to."""
        by_id = attrgetter("id")
        keyed = [resource for resource in self._created if resource.key is not None]
        keyless = [resource for resource in self._created if resource.key is None]
        unasked = list(self._unasked)
        return Folded(
            created=sorted(keyed, key=attrgetter("key")) + sorted(keyless, key=by_id),
            changed=sorted(self._changed, key=by_id),
            removed=[],
            outcomes=self._outcomes,
            unasked=Wanted(key_types=[self._shape.name] * len(unasked), keys=unasked),
        )

    def _fold(self, row: Input) -> None:
        references = self._rules.references
        values, key = row.values, row.key
        errors: list[Issue] = []
        if references.pairs:
            values = values.__copy__()
        if not references.is_empty:
            errors = references.check(values, self._references)
        if key is None and references.pairs:
            key = self._shape.key_of(values)
            if key is not None and (issue := issue_of_key(self._shape, values)) is not None:
                errors.append(issue)
        resource, warnings = self._named(values.id, key)
        if resource is None:
            self._create(row, values, key, errors)
        else:
            self._update(row, resource, values, errors, warnings)

    def _named(self, resource_id: Any, key: str | None) -> tuple[_Resource | None, tuple[Issue, ...]]:
        """The resource that a row means: by its id, else by its key; None for one that is not there yet."""
        if resource_id:
            resource = self._by_id.get(resource_id)
            if resource is not None:
                return resource, ()
        if key is None:
            return None, ()
        resource = self._by_key.get(key)
        if resource is not None and resource_id:
            message = f"is ignored: the resource with this key has the id {resource.id}"
            return resource, (Issue(Code.ID_IGNORED, "id", message),)
        return resource, ()

    def _create(self, row: Input, values: Any, key: str | None, errors: list[Issue]) -> None:
        rules = self._rules
        issues = row.issues
        if key is None and rules.key and not values.id and not errors:
            issues = (*issues, rules.no_key())
        missing = rules.missing(values)
        if errors or missing:
            self._outcomes.add(Outcome.FAILED, "", row.key_text, (*issues, *errors, *missing))
            return
        resource_id = values.id or next(self._new_ids)
        new = values.__copy__()
        new.id = UNSET
        for name, default in rules.defaults:
            if getattr(new, name) is UNSET:
                setattr(new, name, default)
        for name in rules.generated:
            if getattr(new, name) is UNSET:
                setattr(new, name, self._code(resource_id))
        resource = _Resource(resource_id, key, None, new)
        resource.written = self._written(resource)
        self._created.append(resource.written)
        self._remember(resource)
        self._outcomes.add(Outcome.CREATED, resource_id, row.key_text, issues)

    def _update(
        self, row: Input, resource: _Resource, values: Any, errors: list[Issue], warnings: tuple[Issue, ...]
    ) -> None:
        if resource.values is None and resource.stored is not None:
            resource.values = self._shape.decode_stored(resource.stored.attributes)
        issues = (*row.issues, *warnings) if warnings else row.issues
        changes = self._rules.changes(resource.values, values)
        if changes:
            errors = [*errors, *self._refused(row, resource, changes)]
        if errors:
            self._outcomes.add(Outcome.FAILED, "", row.key_text, (*issues, *errors))
            return
        if changes:
            self._change(resource, changes)
        outcome = Outcome.UPDATED if changes else Outcome.UNCHANGED
        self._outcomes.add(outcome, resource.id, row.key_text, issues)

    def _refused(self, row: Input, resource: _Resource, changes: list[Change]) -> list[Issue]:
        """Why the changes are refused: the type forbids them, or they make the key of another resource."""
        issues = self._rules.refused(changes, has_key=resource.key is not None, given=row.values)
        parts = [change.name for change in changes if change.name in self._rules.key]
        if issues or not parts:
            return issues
        named = copy(resource.values)
        for change in changes:
            setattr(named, change.name, change.new)
        key = self._shape.key_of(named)
        if key is None:
            return []
        if (issue := issue_of_key(self._shape, named)) is not None:
            return [issue]
        names = (self._shape.name, key)
        if key in self._by_key or self._references.by_key(*names) is not None:
            name = self._rules.references.given_by(parts[0], row.values)
            message = "makes the key of another resource"
            return [Issue(Code.IMMUTABLE_KEY, name, message)]
        if names not in self._references.asked_keys and key != self._shape.key_of(row.values):
            self._unasked[key] = None
        return []

    def _change(self, resource: _Resource, changes: list[Change]) -> None:
        for change in changes:
            setattr(resource.values, change.name, change.new)
        if any(change.name in self._rules.key for change in changes):
            resource.key = self._shape.key_of(resource.values)
            self._remember(resource)
        written = self._written(resource)
        if resource.written is None:
            resource.written = written
            self._changed.append(written)
        else:
            resource.written.key = written.key
            resource.written.owner_id = written.owner_id
            resource.written.attributes = written.attributes

    def _written(self, resource: _Resource) -> WrittenResource:
        stored, values = resource.stored, resource.values
        owner_id = getattr(values, self._rules.owner) if self._rules.owner else None
        return WrittenResource(
            self._shape.name,
            resource.id,
            resource.key,
            owner_id or None,
            self._shape.encode(values),
            stored.created_at if stored is not None else None,
        )

    def _remember(self, resource: _Resource) -> None:
        self._by_id[resource.id] = resource
        if resource.key is not None:
            self._by_key[resource.key] = resource

    def _code(self, resource_id: str) -> str:
        """Twenty digits for a new resource, its own as its id is, but not to be guessed from it."""
        digest = blake2b(resource_id.encode(), key=self._entropy, digest_size=_CODE_BYTES).digest()
        return f"{int.from_bytes(digest):0{_CODE_DIGITS}d}"


def fold(
    shape: Shape,
    inputs: Iterable[Input],
    references: References,
    state: Iterable[StoredResource],
    *,
    new_ids: Iterator[str],
    entropy: bytes,
) -> Folded:
    """The fold of all rows of a segment at once; see `Fold`."""
    folding = Fold(shape, references, state, new_ids=new_ids, entropy=entropy)
    folding.add(inputs)
    return folding.finish()
