"""`imports create`: send a document and, unless told otherwise, watch it to its end."""

import sys
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commerce.imports.v1.imports_pb2 import CsvOptions
from imports_client.cli.following import follow, tell_name
from imports_client.cli.session import (
    DEFAULT_SERVER,
    FORMATS,
    AsJson,
    FormatWord,
    Organization,
    RequestId,
    ResourceType,
    Rows,
    Server,
    ToTheEnd,
    full_name,
    session,
)
from imports_client.documents import Document, chunks_of, chunks_of_file, guessed_format
from imports_client.specs import SpecFields

_TAB = ("\\t", "tab")  # what a shell passes on more easily than a tab


async def create(
    file: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="The document; `-` reads standard input.")
    ],
    /,
    *,
    resource_type: ResourceType,
    organization: Organization,
    server: Server = DEFAULT_SERVER,
    format: Annotated[
        FormatWord | None, Parameter(help="Else guessed from the file's name or first byte.")
    ] = None,
    parent_resource_id: Annotated[str, Parameter(help="Fills the rows' parent, such as a price list.")] = "",
    skip_errors: Annotated[bool, Parameter(negative="", help="Go on however many rows fail.")] = False,
    validate_only: Annotated[
        bool, Parameter(negative="", help="Rehearse: say what would change, write nothing.")
    ] = False,
    reference: Annotated[str, Parameter(help="Your own id of the import.")] = "",
    delimiter: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="What stands between the cells of a CSV, or `tab`.")
    ] = "",
    null_marker: Annotated[
        str | None, Parameter(allow_leading_hyphen=True, help="The cell of a CSV that means null.")
    ] = None,
    after: Annotated[
        Sequence[str], Parameter(negative="", help="Wait for the end of this import; may be repeated.")
    ] = (),
    request_id: RequestId = None,
    watch: ToTheEnd = True,
    rows: Rows = 20,
    json: AsJson = False,
) -> int:
    """Import a document and watch it to its end."""
    spec: SpecFields = {
        "parent_resource_id": parent_resource_id,
        "skip_errors": skip_errors,
        "reference": reference,
        "after": [full_name(name, organization) for name in after],
    }
    if delimiter or null_marker is not None:
        spec["csv_options"] = CsvOptions(
            delimiter="\t" if delimiter in _TAB else delimiter, null_marker=null_marker
        )
    document, beginning = await _opened(file)
    spec["format"] = FORMATS[format] if format else guessed_format(file, beginning)
    async with session(server) as imports:
        created = await imports.upload(
            f"organizations/{organization}",
            resource_type,
            document,
            request_id=request_id,
            validate_only=validate_only,
            **spec,
        )
        if watch:
            return await follow(imports, created, label=Path(file).name, rows=rows, json=json)
    return tell_name(created, json=json)


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
