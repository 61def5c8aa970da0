"""A small shop of all types in an organization of its own, the imports of rows into it, and what was said of them."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.registry import load_registry
from imports_service.domain.rows import Code
from imports_service.rpc.structs import struct_of
from tests.services import Service

DIRECTORY = Path(__file__).parent
_WARNINGS = {code.value for code in Code if code.is_warning}


def table(name: str) -> dict[str, Any]:
    """One of the data files beside this module."""
    return tomllib.loads((DIRECTORY / name).read_text("utf-8"))


class Verdict(NamedTuple):
    """What became of a row: whether it was written, and all issues as `<code> <attribute>`."""

    taken: bool
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def verdict_of(issues: Iterable[str]) -> Verdict:
    """The verdict that a table states with its issues."""
    issues = list(issues)
    errors = sorted(issue for issue in issues if issue.partition(" ")[0] not in _WARNINGS)
    warnings = sorted(issue for issue in issues if issue.partition(" ")[0] in _WARNINGS)
    return Verdict(not errors, tuple(errors), tuple(warnings))


def difference(why: str, expected: Verdict, result: pb.ImportResult) -> list[str]:
    """In words, where a result is not as expected. Warnings of a failed row are compared where the table has some."""
    got = verdict_of(f"{issue.code} {issue.attribute}".rstrip() for issue in result.issues)
    failed = result.outcome == pb.OUTCOME_FAILED
    same_warnings = got.warnings == expected.warnings or (failed and not expected.warnings)
    if got.errors == expected.errors and same_warnings and failed is not expected.taken:
        return [] if not (failed and result.resource_id) else [f"{why}: failed, but has an id"]
    said = [f"{issue.code} {issue.attribute}: {issue.message}" for issue in result.issues]
    return [f"{why}: expected {expected}, got {pb.Outcome.Name(result.outcome)} {said}"]


class Shop:
    """The shop in its organization `parent`, on a running service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.parent = f"organizations/{uuid4().hex}"

    async def fill(self) -> None:
        """Import what environment.toml holds, each type after those that it refers to."""
        resources = table("environment.toml")
        types = load_registry().types
        assert set(resources) == set(types)
        for name in types:
            inputs = pb.InlineInputs(items=[struct_of(resource) for resource in resources[name]])
            done = await self.imported(pb.ImportSpec(resource_type=name), inputs=inputs)
            found = await self.service.imports.GetImport(pb.GetImportRequest(name=done.name))
            assert done.created_count == done.inputs_size, found

    async def imported(self, spec: pb.ImportSpec, **source: Any) -> pb.Import:
        """The import of one source that skips errors, after its end."""
        spec.skip_errors = True
        request = pb.CreateImportRequest(parent=self.parent, spec=spec, **source)
        return await self.ended(await self.service.imports.CreateImport(request))

    async def ended(self, created: pb.Import) -> pb.Import:
        """The import after its end; it must get there without a fault, and count every row."""
        request = pb.WaitImportRequest(name=created.name)
        done = await self.service.imports.WaitImport(request, timeout=20)
        assert done.status == pb.STATUS_COMPLETED, done
        assert done.processed_count + done.errors_count == done.inputs_size
        return done

    async def results(self, done: pb.Import) -> list[pb.ImportResult]:
        """What became of each row of an import, in order."""
        results: list[pb.ImportResult] = []
        request = pb.ListImportResultsRequest(parent=done.name, page_size=1000)
        while True:
            page = await self.service.imports.ListImportResults(request)
            results += page.results
            request.page_token = page.next_page_token
            if not request.page_token:
                return results

    async def resources(self) -> list[str]:
        """Every resource of the shop with all its columns, to compare before and after."""
        connection = await asyncpg.connect(self.service.parts.database_url)
        try:
            rows = await connection.fetch(
                "SELECT resource::text AS whole FROM resource WHERE organization_id = $1 ORDER BY whole",
                self.parent.rpartition("/")[2],
            )
        finally:
            await connection.close()
        return [row["whole"] for row in rows]


def array_of(rows: Sequence[str]) -> bytes:
    """Rows of JSON as one document that is an array."""
    return f"[{','.join(rows)}]".encode()
