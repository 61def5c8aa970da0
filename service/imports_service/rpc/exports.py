"""An export as a stream of chunks: a document that CreateImport takes back."""

from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from commerce.imports.v1 import resources_pb2 as pb
from imports_service.domain.errors import FieldViolation, InvalidArgument, Unavailable
from imports_service.domain.export_parts import Related
from imports_service.domain.export_rows import ExportedType
from imports_service.domain.exports import ExportFilter
from imports_service.domain.imports import Format
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.export_documents import CsvDocument, ExportDocument, JsonDocument, RowGrown
from imports_service.rpc.export_pages import ExportSource, LoadedPage, LoadedRow, in_steps, slices
from imports_service.store.database import Database
from imports_service.store.exports import read_ids_of_keys

CHUNK_BYTES = 256 * 1024
MAX_COLUMNS = 10_000
"""Of a CSV document. Nested lists take columns for the longest of them, in every row."""
COLUMN_COST = 4
"""What an empty cell takes, in characters of a row that is filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is to be exported, of which type, and how. Without `ids` and `keys`: all that the rest allows."""

    organization_id: str
    resource_type: ResourceType
    types: Mapping[str, ResourceType]
    format: Format
    ids: tuple[str, ...]
    keys: tuple[str, ...]
    updated_since: datetime | None
    parent_id: str | None
    dry: bool


async def export_resources(
    export: Export, database: Database
) -> AsyncGenerator[pb.ExportResourcesResponse, None]:
    """The document in chunks, each made when the one before has been taken.

    Raises `Unavailable`, and `InvalidArgument` for lists that are too long for CSV.
    """
    source = ExportSource(
        database=database,
        organization_id=export.organization_id,
        types=export.types,
        exported=ExportedType(export.resource_type, export.types, dry=export.dry),
        asked=await _filter_of(export, database),
        dry=export.dry,
    )
    document, columns = await _document_of(export.format, source)
    chunks = _Chunks()
    chunks.add(document.begin(), rows=0)
    async with aclosing(source.pages()) as pages:
        async for page in pages:
            async with aclosing(_written(document, page, columns * COLUMN_COST, source.exported)) as written:
                async for data, rows in written:
                    chunks.add(data, rows=rows)
                    for chunk in chunks.full():
                        yield chunk
    chunks.add(document.end(), rows=0)
    for chunk in chunks.all():
        yield chunk


async def _written(
    document: ExportDocument, page: LoadedPage, row_cost: int, exported: ExportedType
) -> AsyncGenerator[tuple[bytes, int], None]:
    """The page's part of the document, piece by piece, each with the number of its rows."""
    for some in slices(page.rows, row_cost):
        size = sum(row.size for row in some) + row_cost * len(some)
        try:
            data = await in_steps(partial(_write, document, exported, some, page.related), size)
        except RowGrown as grown:
            raise Unavailable(
                "a row got more items than there are columns for; export again", reason="DATABASE_UNAVAILABLE"
            ) from grown
        yield data, len(some)


def _write(
    document: ExportDocument, exported: ExportedType, some: Sequence[LoadedRow], related: Related
) -> bytes:
    return document.rows([exported.row(row.values, related) for row in some])


async def _filter_of(export: Export, database: Database) -> ExportFilter:
    ids: tuple[str, ...] | None = None
    if export.ids or export.keys:
        named = set(export.ids)
        if export.keys:
            async with database.connection() as connection:
                named.update(
                    await read_ids_of_keys(
                        connection, export.organization_id, export.resource_type.name, export.keys
                    )
                )
        ids = tuple(sorted(named))
    return ExportFilter(
        ids=ids,
        updated_since=export.updated_since,
        parent_attribute=export.resource_type.parent_attribute,
        parent_id=export.parent_id,
    )


async def _document_of(format: Format, source: ExportSource) -> tuple[ExportDocument, int]:
    """The document, and how many columns it has."""
    if format is Format.JSON:
        return JsonDocument(), 0
    columns = list(islice(source.exported.columns(await source.widths()), MAX_COLUMNS + 1))
    if len(columns) > MAX_COLUMNS:
        raise InvalidArgument(
            FieldViolation("format", f"would take over {MAX_COLUMNS} columns for nested lists; export JSON")
        )
    return CsvDocument(source.exported, columns), len(columns)


class _Chunks:
    """Gathers a document into chunks; `rows` of a chunk are those written whole with it and before it."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._added = 0
        self._taken = 0
        self._rows = 0
        self._rows_taken = 0
        self._ends: deque[tuple[int, int]] = deque()

    def add(self, data: bytes, *, rows: int) -> None:
        self._data += data
        self._added += len(data)
        self._rows += rows
        self._ends.append((self._added, self._rows))

    def full(self) -> Iterator[pb.ExportResourcesResponse]:
        """The chunks that are full; what is left of the document waits for more."""
        while len(self._data) > CHUNK_BYTES:
            yield self._take()

    def all(self) -> Iterator[pb.ExportResourcesResponse]:
        """The rest."""
        while self._data:
            yield self._take()

    def _take(self) -> pb.ExportResourcesResponse:
        chunk = bytes(self._data[:CHUNK_BYTES])
        del self._data[:CHUNK_BYTES]
        self._taken += len(chunk)
        while self._ends and self._ends[0][0] <= self._taken:
            _, self._rows_taken = self._ends.popleft()
        return pb.ExportResourcesResponse(chunk=chunk, rows=self._rows_taken)
