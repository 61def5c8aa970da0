"""An export as a stream of chunks: a document that CreateImport takes back."""

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
    for chunk in chunks.add(document.begin(), rows=0):
        yield chunk
    async with aclosing(source.pages()) as pages:
        async for page in pages:
            async with aclosing(_written(document, page, columns * COLUMN_COST, source.exported)) as written:
                async for piece, rows in written:
                    for chunk in chunks.add(piece, rows=rows):
                        yield chunk
    for chunk in (*chunks.add(document.end(), rows=0), *chunks.rest()):
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
    """Gathers pieces of whole rows into chunks. A chunk is cut between pieces, so that its `rows` are exact; a
    piece that is longer than a chunk is cut, and its rows count with its end."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._rows = 0

    def add(self, piece: bytes, *, rows: int) -> Iterator[pb.ExportResourcesResponse]:
        """Take a piece, and give the chunks that are full by it."""
        if self._size + len(piece) > CHUNK_BYTES:
            yield from self.rest()
        while len(piece) > CHUNK_BYTES:
            yield pb.ExportResourcesResponse(chunk=piece[:CHUNK_BYTES], rows=self._rows)
            piece = piece[CHUNK_BYTES:]
        self._pieces.append(piece)
        self._size += len(piece)
        self._rows += rows

    def rest(self) -> Iterator[pb.ExportResourcesResponse]:
        """A chunk of what is gathered, if anything is."""
        if self._size:
            yield pb.ExportResourcesResponse(chunk=b"".join(self._pieces), rows=self._rows)
            self._pieces, self._size = [], 0
