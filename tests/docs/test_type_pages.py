"""The pages of the resource types: fresh, and their samples are taken as they stand there."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resource_types_pb2, resources_pb2
from docs import generate
from docs.samples import Row, cells_of, load_samples
from imports_service.domain.attributes import Relationship
from imports_service.domain.registry import load_registry
from imports_service.domain.resource_type import ResourceType
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.rpc.exporting import CSV, JSON, counts_of, imported
from tests.rpc.shared import shared_service
from tests.services import Service

TYPES = load_registry().types
SAMPLES = load_samples()
LEFT_OUT = re.compile(r"\b(id|line_items\.line_item_options\..*)$")
"""Columns that templates do not have: ids, and lists in items of lists."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    """One for the whole module: every test has an organization of its own."""
    settings = Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0)
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


def test_the_committed_pages_are_fresh() -> None:
    assert generate.stale_pages() == []


def test_a_changed_a_missing_and_a_foreign_page_are_stale(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in generate.pages().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(generate, "PAGES", tmp_path)
    assert generate.stale_pages() == []

    (tmp_path / "skus.md").write_text("# skus\n", encoding="utf-8")
    (tmp_path / "tags.md").unlink()
    (tmp_path / "gone.md").write_text("", encoding="utf-8")

    assert generate.stale_pages() == ["gone.md", "skus.md", "tags.md"]


def test_samples_nest_all_that_can_be_nested() -> None:
    """Else a page would leave somebody to guess."""
    for name, resource_type in TYPES.items():
        given = {member for row in SAMPLES[name].rows for member in row}
        nested = {
            r.name
            for r in resource_type.relationships
            if r.nested and not (r.name == "billing_address" or (r.many and r.nested == "shared"))
        }
        assert nested <= given, f"{name} without {nested - given}"
    assert any("tags" in row for row in SAMPLES["skus"].rows)


async def test_the_samples_of_all_pages_make_one_environment(service: Service) -> None:
    """As JSON all of their rows create; as CSV they say the same."""
    for name in await types_in_order(service):
        page = (generate.PAGES / f"{name}.md").read_text("utf-8")
        rows = len(SAMPLES[name].rows)

        as_json = await imported(service, "shop", name, block_of(page, "json"), format=JSON)
        assert counts_of(as_json) == {"created": rows}, f"{name}: {said(as_json)}"
        as_csv = await imported(service, "shop", name, block_of(page, "csv"), format=CSV)
        assert counts_of(as_csv) == {"unchanged": rows}, f"{name}: {said(as_csv)}"


async def test_the_csv_samples_alone_make_the_same(service: Service) -> None:
    for name in await types_in_order(service):
        page = (generate.PAGES / f"{name}.md").read_text("utf-8")
        rows = len(SAMPLES[name].rows)

        as_csv = await imported(service, "csv-shop", name, block_of(page, "csv"), format=CSV)
        assert counts_of(as_csv) == {"created": rows}, f"{name}: {said(as_csv)}"
        as_json = await imported(service, "csv-shop", name, block_of(page, "json"), format=JSON)
        assert counts_of(as_json) == {"unchanged": rows}, f"{name}: {said(as_json)}"


async def test_csv_templates_are_taken_as_they_are(service: Service) -> None:
    """The header that GetResourceType gives, filled in with the values of the sample."""
    template = Template(service, "templates")
    for name in await types_in_order(service):
        request = resource_types_pb2.GetResourceTypeRequest(resource_type=name)
        found = await service.resource_types.GetResourceType(request)
        rows = SAMPLES[name].rows

        ended = await template.send(TYPES[name], found.csv_header, rows)

        assert counts_of(ended) == {"created": len(rows)}, f"{name}: {said(ended)}"


async def types_in_order(service: Service) -> list[str]:
    listed = await service.resource_types.ListResourceTypes(resource_types_pb2.ListResourceTypesRequest())
    return [each.resource_type for each in listed.resource_types]


def block_of(page: str, language: str) -> bytes:
    """What stands between the fences, to the byte."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return str(block).encode()


def said(ended: pb.Import) -> str:
    return f"{counts_of(ended)} {ended.errors_log} {ended.warnings_log}"


class Template:
    """Fills in CSV templates, which have no column for ids and name references by theirs.

    `ids` are those of the resources that rows with an id of their own became, by type and that id.
    """

    def __init__(self, service: Service, organization: str) -> None:
        self._service = service
        self._organization = organization
        self._ids: dict[tuple[str, str], str] = {}

    async def send(self, resource_type: ResourceType, header: str, rows: list[Row]) -> pb.Import:
        columns = header.split(",")
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        for row in rows:
            cells = await self._cells(resource_type, row)
            assert {name for name in cells.keys() - set(columns) if not LEFT_OUT.search(name)} == set()
            writer.writerow({name: cell for name, cell in cells.items() if name in columns})
        ended = await imported(
            self._service, self._organization, resource_type.name, text.getvalue().encode(), format=CSV
        )
        results = await self._service.imports.ListImportResults(
            pb.ListImportResultsRequest(parent=ended.name)
        )
        for row, result in zip(rows, results.results, strict=True):
            if "id" in row:
                self._ids[resource_type.name, row["id"]] = result.resource_id
        return ended

    async def _cells(self, resource_type: ResourceType, row: Row) -> dict[str, str]:
        return {
            name.replace(".0.", "."): cell
            for name, cell in cells_of(await self._flat(resource_type, row)).items()
        }

    async def _flat(self, resource_type: ResourceType, row: Row) -> Row:
        """The row as the header's columns have it: references by id, one item of each list, objects whole."""
        flat: Row = {}
        for name, value in row.items():
            nested = next((r for r in resource_type.relationships if name in {r.name, r.input_key}), None)
            attribute = resource_type.attribute.get(name)
            if attribute is not None and attribute.type == "object":
                flat[name] = json.dumps(value)
            elif nested is None or nested.nested == "shared":
                flat[name] = value
            elif nested.many:
                flat[name] = [await self._flat(TYPES[nested.nested_type], value[0])]
            elif nested.nested and isinstance(value, dict):
                flat[name] = await self._flat(TYPES[nested.nested_type], value)
            else:
                flat[nested.input_key] = await self._id_of(nested, value)
        return flat

    async def _id_of(self, reference: Relationship, value: str | Mapping[str, Any]) -> str:
        if not reference.checked:
            return str(value)
        target = TYPES[reference.importable[0]]
        if isinstance(value, str):
            return self._ids[target.name, value]
        values: dict[str, str] = {}
        for name, part in value.items():
            inner = target.objects.get(name)
            values[inner.input_key if inner else name] = await self._id_of(inner, part) if inner else part
        found = await self._service.resources.GetResource(
            resources_pb2.GetResourceRequest(
                parent=f"organizations/{self._organization}",
                resource_type=target.name,
                key=resources_pb2.ResourceKey(values=values),
            )
        )
        return found.id
