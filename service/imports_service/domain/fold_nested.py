"""A row with what it nests: all of it is written, or nothing.

The order is that of dependence: what the row refers to, what it shares with others, what it holds, the row's own
resource, and then the lists that belong to it. Faults are gathered on the way; the caller takes everything back when
one of them is an error.
"""

from copy import copy
from typing import Any, NamedTuple

from msgspec import UNSET

from imports_service.domain.attributes import Relationship
from imports_service.domain.checks import issue_of_key
from imports_service.domain.fold_matching import match_items
from imports_service.domain.fold_upserts import Upserts, id_ignored
from imports_service.domain.fold_workspace import Resource
from imports_service.domain.keys import printable
from imports_service.domain.nested import Given, Nested
from imports_service.domain.nested_reader import too_many
from imports_service.domain.refused_names import RefusedNames
from imports_service.domain.resources import ReferenceRow
from imports_service.domain.row_changes import ChangeRecorder
from imports_service.domain.rows import Code, Issue
from imports_service.domain.targets import TargetRules

_TWO_TARGETS = "names another resource than the id beside it"


class Prepared(NamedTuple):
    """An object with its references filled in. `key` is its canonical key, None when it has not all of it."""

    values: Any
    key: str | None
    is_sound: bool


class NestedRow:
    """One row that nests. `issues` are all that was said of it; `is_changed`, whether anything is other than before.

    `unlocked`: resources that would have to change and are not among those that were locked, as type and id.
    """

    def __init__(
        self,
        upserts: Upserts,
        targets: TargetRules,
        recorder: ChangeRecorder | None = None,
        *,
        refused: RefusedNames | None = None,
    ) -> None:
        self.issues: list[Issue] = []
        self.is_changed = False
        self.unlocked: list[tuple[str, str]] = []
        self._upserts = upserts
        self._workspace = upserts.workspace
        self._references = upserts.references
        self._targets = targets
        self._recorder = recorder
        self._refused = refused

    def prepare(self, given: Given, *, owner_id: str | None = None) -> Prepared:
        """Fill in what the object refers to; what it shares with others is made or changed on the way."""
        before = len(self.issues)
        values, shape = copy(given.values), given.shape
        if given.nested is not None:
            self._resolve_targets(given, given.nested, values)
            for name, inner in given.nested.objects.items():
                relationship = shape.resource_type.objects[name]
                if relationship.nested == "shared" and (found := self._share(inner)) is not None:
                    self._set(given, values, relationship.input_key, found.id)
        if owner_id is not None:
            message = "names another owner than this row"
            self._set(given, values, shape.owner_key, owner_id, Code.INVALID, message)
        rules = self._upserts.rules_of(shape)
        for issue in rules.references.check(values, self._references):
            self._say(given, issue)
        for issue in rules.conditions.excluded(given.values):
            self._say(given, issue)
        if (flaw := issue_of_key(shape, values)) is not None:
            self._say(given, flaw)
        is_sound = not any(issue.is_error for issue in self.issues[before:])
        return Prepared(values, shape.key_of(values), is_sound)

    def apply(self, given: Given, prepared: Prepared, resource: Resource | None) -> Resource:
        """Make the resource, or change the one given, with all that is nested in it."""
        values, nested = prepared.values, given.nested
        if nested is not None:
            self._hold(given, nested, values, resource)
            self._set_shared(given, nested, values, resource)
            for switch, is_on in nested.switches.items():
                if not is_on:
                    setattr(values, switch, None if resource is not None else UNSET)
        if resource is None:
            resource = self._create(given, prepared)
        else:
            self._change(given, resource, values)
        if nested is not None:
            for name, items in nested.lists.items():
                self._place(given, given.shape.resource_type.lists[name], items, resource)
        return resource

    def _resolve_targets(self, given: Given, nested: Nested, values: Any) -> None:
        for input_key, target in nested.targets.items():
            found, issues = self._targets.resolve(target, values, self._references)
            self.issues += issues
            if found is not None:
                self._set(given, values, input_key, found)

    def _set(
        self,
        given: Given,
        values: Any,
        input_key: str,
        resource_id: str,
        code: Code = Code.AMBIGUOUS_KEY,
        message: str = _TWO_TARGETS,
    ) -> None:
        """Set a reference, unless the object itself says another one."""
        beside = getattr(values, input_key)
        if beside is not UNSET and beside != resource_id:
            self._say(given, Issue(code, input_key, message))
            if code is Code.AMBIGUOUS_KEY:  # what was looked up for the object was told by the id, too
                return
        setattr(values, input_key, resource_id)

    def _share(self, given: Given) -> Resource | ReferenceRow | None:
        """The resource that is meant by its key or its id, made if it is not there; None when it can't be told."""
        prepared = self.prepare(given)
        type_name, key = given.shape.name, prepared.key
        resource_id = prepared.values.id or None
        found = self._references.by_id(type_name, resource_id) if resource_id is not None else None
        if found is None and key is not None:
            found = self._references.by_key(type_name, key)
            if found is not None and resource_id is not None:
                self._say(given, id_ignored(found.id))
        if found is None:
            return self._make_shared(given, prepared, resource_id)
        if given.only_names:
            if key is not None and found.key != key:
                [name] = given.shape.resource_type.unique_key
                self._say(
                    given, Issue(Code.IMMUTABLE_KEY, name, "is not the key of the resource with this id")
                )
            return found
        resource = self._workspace.ids(type_name).get(found.id)
        if resource is None:
            self.unlocked.append((type_name, found.id))
            return found
        return self.apply(given, prepared, resource)

    def _make_shared(self, given: Given, prepared: Prepared, resource_id: str | None) -> Resource | None:
        if prepared.key is None and resource_id is not None and given.only_names:
            message = f"must exist: there is no {given.shape.name} '{resource_id}'"
            self._say(given, Issue(Code.MUST_EXIST, "id", message))
            return None
        return self.apply(given, prepared, None)

    def _hold(self, given: Given, nested: Nested, values: Any, resource: Resource | None) -> None:
        """Change the objects that belong to the resource in place, or make them."""
        for name, inner in nested.objects.items():
            relationship = given.shape.resource_type.objects[name]
            if relationship.nested != "owned":
                continue
            stored = None
            if resource is not None:
                stored = getattr(self._workspace.values_of(resource), relationship.input_key) or None
            beside = getattr(values, relationship.input_key)
            held_id = inner.values.id or (stored if beside is UNSET else beside)
            held = self._workspace.ids(inner.shape.name).get(held_id) if held_id else None
            if held is None and held_id:
                # what is stored is there: another import has set it after this segment looked
                is_there = self._references.by_id(inner.shape.name, held_id) is not None
                if is_there or held_id == stored:
                    self.unlocked.append((inner.shape.name, held_id))
            held = self.apply(inner, self.prepare(inner), held)
            self._set(given, values, relationship.input_key, held.id)

    def _set_shared(self, given: Given, nested: Nested, values: Any, resource: Resource | None) -> None:
        """Put together which shared resources the object has, by their keys."""
        for name in given.shape.resource_type.shared_lists:
            if not (name in nested.shared or name in nested.added or name in nested.removed):
                continue
            relationship = given.shape.resource_type.lists[name]
            if name in nested.shared:
                keys = self._keys_of(nested.shared[name])
            else:
                stored = getattr(self._workspace.values_of(resource), name) if resource is not None else None
                keys = set(stored or ())
            keys |= self._keys_of(nested.added.get(name, []))
            keys -= set(nested.removed.get(name, []))
            if relationship.max_items is not None and len(keys) > relationship.max_items:
                said = name if name in nested.shared else f"_add_{name}"
                self._say(given, too_many(relationship).of(said))
            setattr(values, name, sorted(keys) or (None if resource is not None else UNSET))

    def _keys_of(self, items: list[Given]) -> set[str]:
        found = [self._share(item) for item in items]
        return {shared.key for shared in found if shared is not None and shared.key is not None}

    def _create(self, given: Given, prepared: Prepared) -> Resource:
        rules = self._upserts.rules_of(given.shape)
        triggers = given.nested.triggers if given.nested is not None else {}
        if self._refused is None or not self._refused.hide_which(given):
            for issue in rules.missing(self._as_asked(given, prepared), triggers):
                self._say(given, issue)
        self.is_changed = True
        resource = self._upserts.create(given.shape, prepared.values, prepared.key)
        if self._recorder is not None:
            self._recorder.create(given, resource.values)
        return resource

    def _change(self, given: Given, resource: Resource, values: Any) -> None:
        changes = self._upserts.changes(resource, values)
        if not changes:
            return
        refused = self._upserts.refused(resource, changes, _as_given(given, values), values)
        for issue in refused:
            self._say(given, issue)
        if not refused:  # it might take the key of another resource
            self._workspace.change(resource, changes)
            self.is_changed = True
            if self._recorder is not None:
                self._recorder.change(given, changes)

    def _place(self, given: Given, relationship: Relationship, items: list[Given], owner: Resource) -> None:
        """Make the items the whole list of their owner."""
        shape = owner.shape.family[relationship.nested_type]
        prepared = [self.prepare(item, owner_id=owner.id) for item in items]
        if self._refused is not None and self._refused.are_in(given.path_of(relationship.input_key)):
            return  # with values missing, nobody can tell which item is which
        existing = self._workspace.children(shape.name, owner.id)
        matches = match_items(
            relationship,
            shape,
            [item.values for item in prepared],
            existing,
            values_of=self._workspace.values_of,
            is_known=lambda resource_id: self._references.by_id(shape.name, resource_id) is not None,
        )
        kept = {match.resource.id for match in matches if match.resource is not None}
        for place, resource in enumerate(existing):
            if resource.id not in kept:
                if self._recorder is not None:
                    values = self._workspace.values_of(resource)
                    self._recorder.remove(given, relationship.name, place, shape, values)
                self._workspace.remove(resource)
                self.is_changed = True
        for item, ready, match in zip(items, prepared, matches, strict=True):
            for issue in match.issues:
                self._say(item, issue)
            if not any(issue.is_error for issue in match.issues):
                self.apply(item, ready, match.resource)

    def _as_asked(self, given: Given, prepared: Prepared) -> Any:
        """The values, with something in the place of what was given and can't be used: it is not missing."""
        names = set(self._refused.at(given)) if self._refused is not None else set()
        if not prepared.is_sound and given.nested is not None:
            names |= given.nested.names.keys()
        if not names:
            return prepared.values
        asked = copy(prepared.values)
        for name in names:
            value = getattr(asked, name)
            if value is UNSET or (
                value is None and given.nested is not None and name in given.nested.targets
            ):
                setattr(asked, name, "?")
        return asked

    def _say(self, given: Given, issue: Issue) -> None:
        attribute = given.path_of(issue.attribute) if issue.attribute else given.path
        self.issues.append(Issue(issue.code, printable(attribute), issue.message))


def _as_given(given: Given, values: Any) -> Any:
    """The object's own values, references in whatever form, without what follows from them."""
    if given.nested is None:
        return given.values
    own = copy(given.values)
    for input_key in given.nested.names:
        setattr(own, input_key, getattr(values, input_key))
    return own
