"""Rows of plain values that are all alike, folded as one: all make a resource, or all leave theirs as it is.

Nearly every row of a first import is of the first kind, and of an import that is repeated, of the second. Both are
recognised and done column by column, in C; what is not alike is nobody's business here and goes row by row, to the
same result.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from imports_service.domain.fold_upserts import Upserts
from imports_service.domain.fold_workspace import Resource
from imports_service.domain.inputs import Input
from imports_service.domain.outcomes import SegmentOutcomes
from imports_service.domain.rows import Outcome
from imports_service.domain.shapes import Shape

_members = attrgetter("values", "key", "key_text", "issues", "nested")
_id = attrgetter("id")


class Runs:
    """Folds runs of rows of one type, whose outcomes are added to those given."""

    def __init__(self, shape: Shape, upserts: Upserts, outcomes: SegmentOutcomes) -> None:
        self._shape = shape
        self._upserts = upserts
        self._workspace = upserts.workspace
        self._rules = upserts.rules_of(shape)
        self._outcomes = outcomes
        self._is_possible = self._rules.references.is_simple and not self._rules.conditions.can_exclude

    def fold(self, rows: Sequence[Input]) -> bool:
        """Fold the next rows, all of them or none; False for none."""
        if not rows or not self._is_possible:
            return False
        values, keys, texts, issues, nested = zip(*map(_members, rows), strict=True)
        if not all(values) or any(issues) or nested.count(None) < len(rows):
            return False
        ids = list(map(_id, values))
        if not self._rules.references.are_there(values, self._upserts.references):
            return False
        if all(ids):
            return self._leave(values, self._workspace.ids(self._shape.name), ids, texts)
        if any(ids):
            return False
        if self._are_new(keys):
            return self._create(values, keys, texts)
        return self._leave(values, self._workspace.keys(self._shape.name), keys, texts)

    def _are_new(self, keys: Sequence[str | None]) -> bool:
        """Whether rows without ids all make a resource, by keys that are there nowhere else."""
        if not self._rules.key:
            return True
        there = self._workspace.keys(self._shape.name).keys()
        return all(keys) and len(set(keys)) == len(keys) and there.isdisjoint(keys)

    def _create(self, values: Sequence[Any], keys: Sequence[str | None], texts: Sequence[str]) -> bool:
        if not self._rules.are_complete(values):
            return False
        ids = self._upserts.create_all(self._shape, values, keys)
        self._outcomes.add_run(Outcome.CREATED, ids, texts)
        return True

    def _leave(
        self,
        values: Sequence[Any],
        there: Mapping[str, Resource],
        names: Sequence[Any],
        texts: Sequence[str],
    ) -> bool:
        """`names` are those by which the rows' resources are `there`, if they are."""
        found = list(filter(None, map(there.get, names)))
        if len(found) < len(values):
            return False
        current = self._workspace.values_of_all(found)
        if not self._rules.change_nothing(current, values):
            return False
        self._outcomes.add_run(Outcome.UNCHANGED, [resource.id for resource in found], texts)
        return True
