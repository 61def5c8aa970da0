"""What the rows of a segment do to the environment, row after row in row order.

A pure function of the rows, of what their references were found to be, and of the resources that they name:
it asks nobody and leaves its arguments as they are, so it may run again with newer answers. Rows of one
resource follow each other here, each with its own outcome, and the resource is written once. Rows that can't
be read have failed before; judged here is what needs the environment: which resource a row means, whether it
creates, changes or leaves it, and what may not be changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from imports_service.domain.checks import issue_of_key
from imports_service.domain.fold_nested import NestedRow
from imports_service.domain.fold_runs import Runs
from imports_service.domain.fold_upserts import Upserts
from imports_service.domain.fold_workspace import Resource, Seen, Workspace
from imports_service.domain.inputs import Input
from imports_service.domain.keys import key_text
from imports_service.domain.lookups import Wanted
from imports_service.domain.nested import Given
from imports_service.domain.outcomes import SegmentOutcomes
from imports_service.domain.references import References
from imports_service.domain.refused_names import RefusedNames
from imports_service.domain.resources import StoredResource, WrittenResource
from imports_service.domain.row_changes import ChangeRecorder
from imports_service.domain.rows import Issue, Outcome
from imports_service.domain.shapes import Shape
from imports_service.domain.targets import TargetRules

ENTROPY_BYTES = 16


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment leaves behind; `removed` are type and id of resources that go.

    `unasked` names keys that rows completed attribute by attribute and that no look-up has asked for. Until
    it is empty the fold may have missed a resource that has such a key: look them up, add the answer to the
    references together with the keys, and fold again. `unlocked` names resources, by type and id, that would have
    to change and were not in the state although they are there: the environment has changed since it was looked up.
    """

    created: list[WrittenResource]
    changed: list[WrittenResource]
    removed: list[tuple[str, str]]
    outcomes: SegmentOutcomes
    unasked: Wanted
    unlocked: list[tuple[str, str]]


class Fold:
    """The fold of one segment in slices, so that the caller can breathe between: `add` each, then `finish`.

    `state` holds every stored resource that `lookups.own_names` names, by id, by key, by owner and by holder.
    `new_ids` yields ascending ids. `entropy` (`ENTROPY_BYTES` random bytes) makes the codes that nobody shall guess. A
    `recorder` gathers what each row changes.
    """

    def __init__(
        self,
        shape: Shape,
        references: References,
        state: Iterable[StoredResource],
        *,
        new_ids: Iterator[str],
        entropy: bytes,
        recorder: ChangeRecorder | None = None,
    ) -> None:
        self._shape = shape
        self._workspace = Workspace(shape.family, state)
        self._references = Seen(references, self._workspace)
        self._upserts = Upserts(self._workspace, self._references, new_ids=new_ids, entropy=entropy)
        self._targets = TargetRules(shape.family.types)
        self._rules = self._upserts.rules_of(shape)
        self._outcomes = SegmentOutcomes.empty()
        self._unlocked: list[tuple[str, str]] = []
        self._recorder = recorder
        self._runs = Runs(shape, self._upserts, self._outcomes) if recorder is None else None

    def add(self, inputs: Iterable[Input]) -> None:
        """Fold the next rows."""
        rows = list(inputs)
        if self._runs is None or not self._runs.fold(rows):
            self._fold_one_by_one(rows)
        self._workspace.write_touched()

    def _fold_one_by_one(self, rows: Sequence[Input]) -> None:
        for row in rows:
            if row.values is None:
                issues = row.issues if row.readable is None else self._all_wrong(row, row.readable)
                self._outcomes.add(Outcome.FAILED, "", row.key_text, issues)
            elif row.nested is None:
                self._fold(row)
            else:
                self._fold_nested(row, Given(self._shape, row.values, nested=row.nested))

    def finish(self) -> Folded:
        """What all rows together come to."""
        unasked = list(self._upserts.unasked)
        return Folded(
            created=self._workspace.created(),
            changed=self._workspace.changed(),
            removed=self._workspace.removed(),
            outcomes=self._outcomes,
            unasked=Wanted(key_types=[name for name, _ in unasked], keys=[key for _, key in unasked]),
            unlocked=self._unlocked,
        )

    def _fold(self, row: Input) -> None:
        """A row of plain values: its faults are found before anything is changed."""
        rules, references = self._rules, self._rules.references
        values, key = row.values, row.key
        errors: list[Issue] = []
        if references.pairs:
            values = values.__copy__()
        if not references.is_empty:
            errors = references.check(values, self._references)
        if rules.conditions.can_exclude:
            errors += rules.conditions.excluded(values)
        if key is None and references.pairs:
            key = self._shape.key_of(values)
            if key is not None and (issue := issue_of_key(self._shape, values)) is not None:
                errors.append(issue)
        resource, warnings = self._upserts.named(self._shape, values.id, key)
        if resource is None:
            self._create(row, values, key, errors)
        else:
            self._update(row, resource, values, errors, warnings)

    def _create(self, row: Input, values: Any, key: str | None, errors: list[Issue]) -> None:
        missing = self._rules.missing(values)
        if errors or missing:
            self._outcomes.add(Outcome.FAILED, "", row.key_text, (*row.issues, *errors, *missing))
            return
        resource = self._upserts.create(self._shape, values, key)
        if self._recorder is not None:
            self._recorder.create(Given(self._shape, row.values), resource.values)
            self._record(self._recorder)
        self._outcomes.add(
            Outcome.CREATED, resource.id, self._text(row, key), self._with_no_key(row, values, key)
        )

    def _update(
        self, row: Input, resource: Resource, values: Any, errors: list[Issue], warnings: tuple[Issue, ...]
    ) -> None:
        issues = (*row.issues, *warnings) if warnings else row.issues
        changes = self._upserts.changes(resource, values)
        if changes:
            errors = [*errors, *self._upserts.refused(resource, changes, row.values, values)]
        if errors:
            self._outcomes.add(Outcome.FAILED, "", row.key_text, (*issues, *errors))
            return
        if changes:
            self._workspace.change(resource, changes)
            if self._recorder is not None:
                self._recorder.change(Given(self._shape, row.values), changes)
                self._record(self._recorder)
        outcome = Outcome.UPDATED if changes else Outcome.UNCHANGED
        self._outcomes.add(outcome, resource.id, row.key_text, issues)

    def _fold_nested(self, row: Input, given: Given) -> None:
        """A row that nests: its changes are taken back when it turns out to have a fault."""
        self._workspace.begin()
        nested = NestedRow(self._upserts, self._targets, self._recorder)
        prepared = nested.prepare(given)
        found, warnings = self._upserts.named(self._shape, prepared.values.id, prepared.key)
        resource = nested.apply(given, prepared, found)
        self._unlocked += nested.unlocked
        issues = (*row.issues, *warnings, *nested.issues)
        is_failed = any(issue.is_error for issue in nested.issues)
        self._workspace.end(keep=not is_failed)
        if self._recorder is not None:
            self._record(self._recorder, is_failed=is_failed)
        if is_failed:
            self._outcomes.add(Outcome.FAILED, "", row.key_text, issues)
            return
        text = self._text(row, prepared.key)
        if found is None:
            issues = (*self._with_no_key(row, prepared.values, prepared.key), *nested.issues)
            self._outcomes.add(Outcome.CREATED, resource.id, text, issues)
        else:
            outcome = Outcome.UPDATED if nested.is_changed else Outcome.UNCHANGED
            self._outcomes.add(outcome, resource.id, text, issues)

    def _all_wrong(self, row: Input, readable: Given) -> tuple[Issue, ...]:
        """What is wrong with a row that is refused already, the rest of it included: nobody mends a row twice."""
        self._workspace.begin()
        refused = RefusedNames(row.issues)
        nested = NestedRow(self._upserts, self._targets, refused=refused)
        prepared = nested.prepare(readable)
        found, _ = self._upserts.named(self._shape, prepared.values.id, prepared.key)
        if found is not None or not refused.hide_which(readable):
            nested.apply(readable, prepared, found)
        self._workspace.end(keep=False)
        return (*row.issues, *refused.new_among(nested.issues))

    def _record(self, recorder: ChangeRecorder, *, is_failed: bool = False) -> None:
        """Keep the changes of the row whose outcome comes next, unless it has failed."""
        changes = recorder.take()
        if changes is not None and not is_failed:
            self._outcomes.changes[len(self._outcomes)] = changes

    def _with_no_key(self, row: Input, values: Any, key: str | None) -> tuple[Issue, ...]:
        if key is None and self._rules.key and not values.id:
            return (*row.issues, self._rules.no_key())
        return row.issues

    @staticmethod
    def _text(row: Input, key: str | None) -> str:
        """How people call the row: by a key that its references have completed, too."""
        return row.key_text if row.key is not None or key is None else key_text(key)


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
