"""What `imports watch` tells of all imports of an organization: a line for every change, until Ctrl-C."""

from collections.abc import AsyncIterable

from rich.console import Console

from commerce.imports.v1.imports_pb2 import KIND_DELETED, KIND_SNAPSHOT, KIND_TRANSITION, ImportEvent
from imports_client.cli.console import shown
from imports_client.cli.live import counts_text, status_word
from imports_client.cli.plain import as_plain, print_json

_TOLD = {KIND_SNAPSHOT, KIND_TRANSITION, KIND_DELETED}


def is_organization(name: str) -> bool:
    """Whether it names an organization rather than an import: `organizations/{organization}`."""
    parts = name.split("/")
    return len(parts) == 2 and parts[0] == "organizations"


async def tell_all(events: AsyncIterable[ImportEvent], console: Console, *, json: bool) -> None:
    """Until the events end. With `json` one a line, progress and heartbeats included."""
    async for event in events:
        if json:
            print_json(as_plain(event))
        elif event.kind in _TOLD and event.HasField("snapshot"):
            console.print(shown(_line(event)))


def _line(event: ImportEvent) -> str:
    """`01981..: skus in_progress, 2,000 rows, 1,996 created · 4 failed`."""
    found = event.snapshot
    status = "deleted" if event.kind == KIND_DELETED else status_word(found.status)
    size = f"{found.inputs_size:,} rows"
    parts = [f"{found.name.rsplit('/', 1)[-1]}: {found.resource_type} {status}", size, counts_text(found)]
    return ", ".join(part for part in parts if part)
