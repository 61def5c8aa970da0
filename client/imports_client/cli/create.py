"""`imports create`: send a document and, unless told otherwise, watch it to its end."""

import sys
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from commerce.imports.v1.imports_pb2 import FORMAT_CSV, FORMAT_JSON, Format, Import
from imports_client.cli.console import open_console
from imports_client.cli.live import LiveImport
from imports_client.cli.plain import as_plain, print_json
from imports_client.cli.report import exit_status, failed_results, headline, print_failed_rows
from imports_client.cli.session import DEFAULT_SERVER, AsJson, Organization, Rows, Server, session
from imports_client.connection import Imports, SpecFields
from imports_client.documents import Document, chunks_of, chunks_of_file, guessed_format

_FORMATS: dict[str, Format.ValueType] = {"json": FORMAT_JSON, "csv": FORMAT_CSV}


async def create(
    file: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="The document; `-` reads standard input.")
    ],
    /,
    *,
    resource_type: Annotated[str, Parameter(name=["--type", "-t"], help="What the rows are: skus, prices")],
    organization: Organization,
    server: Server = DEFAULT_SERVER,
    format: Annotated[
        Literal["json", "csv"] | None, Parameter(help="Else guessed from the file's name or first byte.")
    ] = None,
    parent_resource_id: Annotated[str, Parameter(help="Fills the rows' parent, such as a price list.")] = "",
    skip_errors: Annotated[bool, Parameter(negative="", help="Go on however many rows fail.")] = False,
    request_id: Annotated[str | None, Parameter(help="Makes the same command harmless to repeat.")] = None,
    reference: Annotated[str, Parameter(help="Your own id of the import.")] = "",
    watch: Annotated[bool, Parameter(help="Watch the import to its end.")] = True,
    rows: Rows = 20,
    json: AsJson = False,
) -> int:
    """Import a document and watch it to its end."""
    spec: SpecFields = {
        "parent_resource_id": parent_resource_id,
        "skip_errors": skip_errors,
        "reference": reference,
    }
    document, beginning = await _opened(file)
    spec["format"] = _FORMATS[format] if format else guessed_format(file, beginning)
    async with session(server) as imports:
        created = await imports.upload(
            f"organizations/{organization}", resource_type, document, request_id=request_id, **spec
        )
        if watch:
            return await _watch_to_the_end(imports, created, label=Path(file).name, rows=rows, json=json)
    if json:
        print_json(as_plain(created))
    else:
        print(created.name)
    return 0


async def _watch_to_the_end(imports: Imports, created: Import, *, label: str, rows: int, json: bool) -> int:
    console = open_console(quiet=json)
    with LiveImport(console, label) as live:
        async with aclosing(imports.watch(created.name)) as events:
            async for event in events:
                live.show(event)
    ended = await imports.get(created.name)
    failed = await failed_results(imports, ended, rows)
    if json:
        print_json(as_plain(ended) | {"failed_rows": [as_plain(each) for each in failed]})
    else:
        console.print(f"{ended.name}\n{headline(ended)}", markup=False, highlight=False)
        print_failed_rows(console, failed, out_of=ended.errors_count)
    return exit_status(ended)


async def _opened(file: str) -> tuple[Document, bytes]:
    """The document and its beginning. Raises OSError."""
    if file == "-":
        chunks = chunks_of_file(sys.stdin.buffer)
        first = await anext(chunks, b"")
        return _all(first, chunks), first
    async with aclosing(chunks_of(Path(file))) as chunks:
        return Path(file), await anext(chunks, b"")


async def _all(first: bytes, others: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in others:
        yield chunk
