"""One example: a document through the service and through the model, and every difference between the two."""

from collections import Counter
from collections.abc import Sequence

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.rpc.structs import plain
from tests.model.kinds import Row
from tests.model.model import Model, Verdict, totals
from tests.model.rendering import rendered, untouched
from tests.model.stage import Document, Ran, Stage, issues_of
from tests.model.trial import Said
from tests.model.world import World


class Differs(AssertionError):
    """The service did something else than the model; the text shows the documents and what differs."""


class Example:
    """An organization in the service and in the model, and the documents that both have taken."""

    def __init__(self, stage: Stage, organization_id: str, model: Model) -> None:
        self.stage = stage
        self.organization_id = organization_id
        self.model = model
        self._documents: list[Document] = []
        self._made: dict[tuple[str, str], str] = {}
        self._found: dict[tuple[str, str], str] = {}

    @classmethod
    async def begin(cls, stage: Stage, base: World) -> "Example":
        return cls(stage, await stage.organization(), Model(base))

    async def take(self, document: Document) -> Ran:
        """Run the document through both and compare all that can be seen. Raises `Differs`."""
        self._documents.append(document)
        ran = await self.stage.run(self.organization_id, document)
        verdicts = self.model.run(document.kind, document.rows, segment_rows=document.segment_rows)
        failed = totals(verdicts)["FAILED"]
        if not document.skip_errors and failed * 10 > len(document.rows):
            self.check(
                [] if ran.imported.status_reason == pb.STATUS_REASON_TOO_MANY_ERRORS else ["not interrupted"]
            )
            self.check(counts_of_interrupted(ran))
            return ran
        self.check(_status(ran, failed, len(document.rows)) + rows_differ(ran, verdicts))
        self._name(document.kind, ran, verdicts)
        self.check(counts_differ(ran, verdicts) + logs_differ(ran))
        self.check(await self.environment(ran.imported))
        return ran

    async def environment(self, imported: pb.Import) -> list[str]:
        """Where the environments differ, and what was written without need."""
        world, last = await self.stage.environment(self.organization_id)
        found, expected = rendered(world, self._found), rendered(self.model.world, self._made)
        said = differences(found, expected)
        for thing in world.everything():
            thing.touched = last[thing.kind, thing.id] == imported.name
        written = untouched(self.model.world, self._made) - untouched(world, self._found)
        return said or [
            f"{label} was written by an import that does not change it" for label in sorted(written)
        ]

    def check(self, differences: Sequence[str]) -> None:
        if differences:
            raise Differs(
                "\n".join([*map(str, self._documents), "differs:", *(f"  {each}" for each in differences)])
            )

    def _name(self, kind: str, ran: Ran, verdicts: Sequence[Verdict]) -> None:
        number_of_import = len(self._documents)
        for result, verdict in zip(ran.results, verdicts, strict=True):
            if verdict.outcome == "CREATED":
                name = f"of row {result.row_number} of import {number_of_import}"
                self._found[kind, result.resource_id] = name
                self._made[kind, verdict.resource_id] = name


def differences(found: dict[str, list[str]], expected: dict[str, list[str]]) -> list[str]:
    """Lines that show service and model beside each other where they differ."""
    lines = []
    for label in sorted(found.keys() | expected.keys()):
        if found.get(label) != expected.get(label):
            lines.append(f"{label}: service {found.get(label)}")
            lines.append(f"{' ' * len(label)}  model   {expected.get(label)}")
    return lines


def counts_of_interrupted(ran: Ran) -> list[str]:
    seen = ran.imported
    total = seen.processed_count + seen.errors_count + seen.not_processed_count
    return [] if total == seen.inputs_size else [f"counts {total} of {seen.inputs_size} rows"]


def _status(ran: Ran, failed: int, size: int) -> list[str]:
    seen = ran.imported
    expected = (pb.STATUS_COMPLETED, failed * 10 > size)
    found = (seen.status, seen.threshold_exceeded)
    return [] if found == expected else [f"status and threshold: service {found}, model {expected}"]


def rows_differ(ran: Ran, verdicts: Sequence[Verdict], numbers: Sequence[int] = ()) -> list[str]:
    """What is said of the rows and is not the model's verdict; `numbers`: theirs, if not all from 1 on."""
    said = []
    if [result.row_number for result in ran.results] != list(numbers or range(1, len(verdicts) + 1)):
        return [f"results of rows {[result.row_number for result in ran.results]}"]
    for result, verdict in zip(ran.results, verdicts, strict=True):
        outcome = pb.Outcome.Name(result.outcome).removeprefix("OUTCOME_")
        errors = issues_of(result, pb.SEVERITY_ERROR)
        warnings = issues_of(result, pb.SEVERITY_WARNING)
        wrong = [] if outcome == verdict.outcome else [f"{outcome} instead of {verdict.outcome}"]
        if verdict.called is not None and result.key.lower() != verdict.called.lower():
            wrong.append(f"called {result.key!r} instead of {verdict.called!r}")
        if bool(result.resource_id) != bool(verdict.resource_id):
            wrong.append(f"resource id {result.resource_id!r}")
        if not _errors_fit(errors, verdict.errors):
            wrong.append(f"errors {errors} instead of {[str(each) for each in verdict.errors]}")
        if not _warnings_fit(warnings, verdict):
            wrong.append(f"warnings {warnings} instead of {[str(each) for each in verdict.warnings]}")
        if wrong:
            said.append(f"row {result.row_number}: {'; '.join(wrong)}")
    return said


def _errors_fit(found: Sequence[tuple[str, str]], expected: Sequence[Said]) -> bool:
    """Of several errors not all need be found, as one may hide another, but those that the row alone shows."""
    all_are_right = all(any(_is(each, said) for said in expected) for each in found)
    sure_are_there = all(any(_is(each, said) for each in found) for said in expected if said.sure)
    return all_are_right and sure_are_there and bool(found) == bool(expected)


def _warnings_fit(found: Sequence[tuple[str, str]], verdict: Verdict) -> bool:
    all_are_right = all(any(_is(each, said) for said in verdict.warnings) for each in found)
    all_are_there = all(any(_is(each, said) for each in found) for said in verdict.warnings)
    return all_are_right and (all_are_there or verdict.outcome == "FAILED")


def _is(found: tuple[str, str], said: Said) -> bool:
    return found[0] == said.code and found[1] in said.names


def counts_differ(ran: Ran, verdicts: Sequence[Verdict], not_processed: int = 0) -> list[str]:
    """The counts of the import that are not those of the verdicts; `not_processed` rows have none."""
    seen, count = ran.imported, totals(verdicts)
    warned = sum(1 for result in ran.results if issues_of(result, pb.SEVERITY_WARNING))
    expected = {
        "inputs_size": len(verdicts) + not_processed,
        "created_count": count["CREATED"],
        "updated_count": count["UPDATED"],
        "unchanged_count": count["UNCHANGED"],
        "errors_count": count["FAILED"],
        "processed_count": len(verdicts) - count["FAILED"],
        "warnings_count": warned,
        "not_processed_count": not_processed,
    }
    return [
        f"{name}: service {getattr(seen, name)}, model {number}"
        for name, number in expected.items()
        if getattr(seen, name) != number
    ]


def logs_differ(ran: Ran) -> list[str]:
    """The logs and the summary say what the results say, by key."""
    errors: dict[str, dict[str, list[str]]] = {}
    warnings: dict[str, list[str]] = {}
    summary: Counter[tuple[int, str, str]] = Counter()
    for result in ran.results:
        for issue in result.issues:
            summary[issue.severity, issue.code, issue.attribute] += 1
            if issue.severity == pb.SEVERITY_ERROR:
                said = errors.setdefault(result.key, {}).setdefault(issue.attribute or "base", [])
            else:
                said = warnings.setdefault(result.key, [])
            text = issue.message
            if issue.severity == pb.SEVERITY_WARNING and issue.attribute:
                text = f"{issue.attribute}: {text}"
            if text not in said:
                said.append(text)
    found = Counter(
        {(each.severity, each.code, each.attribute): each.count for each in ran.imported.issue_summary}
    )
    wrong = []
    if plain(ran.imported.errors_log) != errors:
        wrong.append(f"errors_log {plain(ran.imported.errors_log)} instead of {errors}")
    if plain(ran.imported.warnings_log) != warnings:
        wrong.append(f"warnings_log {plain(ran.imported.warnings_log)} instead of {warnings}")
    if found != summary:
        wrong.append(f"issue_summary {found} instead of {summary}")
    return wrong


def base_of(template: Sequence[tuple[str, list[Row]]]) -> World:
    """The environment of the template, as the model makes it."""
    model = Model()
    for kind, rows in template:
        verdicts = model.run(kind, rows, segment_rows=1)
        assert all(verdict.outcome == "CREATED" for verdict in verdicts), verdicts
    return model.world
