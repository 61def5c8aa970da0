"""What an organization must hold and what its imports must say: the sequential model, group by group.

Rows of different groups (see `rows.group_of`) have nothing to do with each other, so each group is a model of its own:
the model copies its world for every row. Which rows an interrupted import has worked through is for the service to say;
what became of those is not.
"""

import copy
import itertools
from collections.abc import Iterator, Sequence

from commerce.imports.v1 import imports_pb2 as pb
from tests.chaos.rows import group_of
from tests.model.comparing import counts_differ, differences, logs_differ, rows_differ
from tests.model.kinds import KINDS, Row
from tests.model.model import Model, Verdict
from tests.model.rendering import rendered
from tests.model.stage import Ran
from tests.model.world import World

ROOM = 100_000
"""Ids that one group may make up."""


class Truth:
    """One organization in the model."""

    def __init__(self, base: World) -> None:
        self._base = base
        self._groups: dict[str, Model] = {}
        self._numbers = itertools.count(1)
        self._imports = itertools.count(1)
        self._found: dict[tuple[str, str], str] = {}
        self._made: dict[tuple[str, str], str] = {}

    def take(
        self,
        kind: str,
        rows: Sequence[tuple[int, Row]],
        ran: Ran,
        *,
        segment_rows: int,
        in_order: bool,
        rehearses: bool = False,
    ) -> list[str]:
        """Apply the rows (with their numbers) that the import has worked through; what it says of them wrongly. Nothing
        stays of those of a rehearsal."""
        found, expected = [result.row_number for result in ran.results], [number for number, _ in rows]
        if found != expected:
            lost = sorted(set(expected) - set(found))
            return [f"{len(found)} results of {len(expected)} rows, none of the rows {lost}"]
        is_done = [result.outcome != pb.OUTCOME_NOT_PROCESSED for result in ran.results]
        wrong = []
        if in_order and True in is_done[is_done.count(True) :]:
            wrong.append(f"rows were left out: {is_done}")
        number_of_import = next(self._imports)
        done = Ran(ran.imported, list(itertools.compress(ran.results, is_done)))
        groups = {} if rehearses else self._groups
        verdicts = [
            self._model_of(groups, kind, row).take(
                KINDS[kind], row, number, (number_of_import, place // segment_rows)
            )
            for place, (number, row) in itertools.compress(enumerate(rows), is_done)
        ]
        if rehearses:
            wrong += _without_ids(done, verdicts)
        wrong += rows_differ(done, verdicts, [result.row_number for result in done.results])
        if not wrong:
            wrong += counts_differ(done, verdicts, is_done.count(False)) + logs_differ(done)
            if not rehearses:
                self._name(kind, number_of_import, done, verdicts)
        return wrong

    def environment_differs(self, found: World) -> list[str]:
        """Where what is there is not what must be there."""
        return differences(rendered(found, self._found), rendered(self._world(), self._made))

    def _model_of(self, groups: dict[str, Model], kind: str, row: Row) -> Model:
        """The model of the row's group, in `groups`: where those are not the truth's own, a copy of what it has."""
        number = next(self._numbers)
        group = group_of(kind, row) or f"row {number}"
        if group not in groups:
            known = self._groups.get(group)
            groups[group] = copy.deepcopy(known) if known else Model(self._base, made=number * ROOM)
        return groups[group]

    def _name(self, kind: str, number_of_import: int, done: Ran, verdicts: Sequence[Verdict]) -> None:
        for result, verdict in zip(done.results, verdicts, strict=True):
            if verdict.outcome == "CREATED":
                name = f"of row {result.row_number} of import {number_of_import}"
                self._found[kind, result.resource_id] = name
                self._made[kind, verdict.resource_id] = name

    def _world(self) -> World:
        """All groups together; a tag that several have made is one."""
        whole = copy.deepcopy(self._base)
        for model in self._groups.values():
            for thing in model.world.everything():
                is_there = whole.by_key("tags", thing.key) if thing.kind == "tags" else None
                if is_there is None:
                    whole.put(thing)
        return whole


def _without_ids(done: Ran, verdicts: Sequence[Verdict]) -> list[str]:
    """A rehearsal has no ids of what it would create; of what earlier rows of it would have created neither."""
    wrong = []
    for result, verdict in zip(done.results, verdicts, strict=True):
        if verdict.outcome == "CREATED" and result.resource_id:
            wrong.append(f"row {result.row_number}: id {result.resource_id!r} of what is not there")
        verdict.resource_id = result.resource_id
    return wrong


def status_differs(seen: pb.Import, *, skip_errors: bool, may_be_interrupted: bool) -> Iterator[str]:
    """Whether the import ended as its counts and its callers would have it."""
    is_over_the_line = not skip_errors and seen.errors_count * 10 > seen.inputs_size
    ends = [(pb.STATUS_COMPLETED, pb.STATUS_REASON_UNSPECIFIED)]
    if is_over_the_line:
        ends = [(pb.STATUS_INTERRUPTED, pb.STATUS_REASON_TOO_MANY_ERRORS)]
    if may_be_interrupted:
        ends.append((pb.STATUS_INTERRUPTED, pb.STATUS_REASON_REQUESTED))
    if (seen.status, seen.status_reason) not in ends:
        yield (
            f"ended as {pb.Status.Name(seen.status)}, {pb.StatusReason.Name(seen.status_reason)} "
            f"with {seen.errors_count} errors in {seen.inputs_size} rows"
        )
