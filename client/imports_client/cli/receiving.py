"""Receives a document that the service streams, and shows on standard error how far it is."""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from commerce.imports.v1.imports_pb2 import DownloadImportFileResponse
from commerce.imports.v1.resources_pb2 import ExportResourcesResponse
from imports_client.cli.console import open_console
from imports_client.cli.plain import print_json
from imports_client.cli.refused import WrongUsage
from imports_client.cli.targets import STDOUT, opened_target

Piece = ExportResourcesResponse | DownloadImportFileResponse


@dataclass(slots=True)
class Received:
    """How much has come so far. `rows` stays 0 where the service does not count them."""

    bytes: int = 0
    rows: int = 0


def check_target(file: str, *, json: bool) -> None:
    """Raises `WrongUsage` where the document and JSON would both go to standard output."""
    if json and file == STDOUT:
        raise WrongUsage("the document itself goes to standard output; give a file when you want --json")


async def receive(pieces: AsyncIterable[Piece], file: str) -> Received:
    """Write all pieces to the file or to `-`. Raises OSError, and whatever ends the stream; there is no half
    file then."""
    received = Received()
    with opened_target(file) as write, _progress(file) as progress:
        task = progress.add_task(file, total=None, rows="")
        async for piece in pieces:
            await asyncio.to_thread(write, piece.chunk)
            received.bytes += len(piece.chunk)
            if isinstance(piece, ExportResourcesResponse):
                received.rows = piece.rows
            rows = f"{received.rows:,} rows" if received.rows else ""
            progress.update(task, completed=received.bytes, rows=rows)
    return received


def tell_received(received: Received, file: str, facts: dict[str, Any], *, json: bool) -> None:
    """Where the document is now, unless it went to standard output. `facts` stand before it in JSON."""
    if file == STDOUT:
        return
    if json:
        print_json(facts | {"file": file, "bytes": received.bytes})
        return
    parts = [f"{received.bytes:,} bytes"]
    if "rows" in facts:
        parts.insert(0, f"{received.rows:,} rows")
    open_console().print(f"{file}: {', '.join(parts)}", markup=False, highlight=False, soft_wrap=True)


def _progress(file: str) -> Progress:
    """A line that moves, where there is a terminal for it and the document does not go to the same one."""
    console = open_console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[rows]}"),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    return Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal or file == STDOUT
    )
