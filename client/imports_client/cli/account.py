"""All that is told of one import at once: what became of it, its failed rows and, of a rehearsal, its changes."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from commerce.imports.v1.imports_pb2 import Import, ImportResult
from imports_client.cli.plain import as_plain
from imports_client.cli.rehearsal import changed_results, print_changes, verdict
from imports_client.cli.report import failed_results, headline, print_failed_rows
from imports_client.connection import Imports


@dataclass(frozen=True, slots=True)
class Account:
    """An import and the first of its rows that are worth a look."""

    found: Import
    failed: list[ImportResult]
    changed: list[ImportResult]
    """Of a rehearsal only."""

    def as_plain(self) -> dict[str, Any]:
        """The import as one JSON object, with `failed_rows` and, of a rehearsal, `changed_rows`."""
        plain = as_plain(self.found) | {"failed_rows": [as_plain(each) for each in self.failed]}
        if self.found.validate_only:
            plain["changed_rows"] = [as_plain(each) for each in self.changed]
        return plain

    def print_headline(self, console: Console) -> None:
        """The name, and how it stands with the import."""
        console.print(f"{self.found.name}\n{headline(self.found)}", markup=False, highlight=False)
        if self.found.validate_only:
            console.print(verdict(self.found), markup=False, highlight=False)

    def print_rows(self, console: Console) -> None:
        """What would change, and what failed."""
        if self.found.validate_only:
            print_changes(console, self.changed, out_of=self.found.created_count + self.found.updated_count)
        print_failed_rows(console, self.failed, out_of=self.found.errors_count)


async def account_of(imports: Imports, name: str, rows: int, *, patience: float = 0.0) -> Account:
    """Ask for the import, with the patience of a watch that came before, and for at most `rows` of its rows of each
    kind."""
    found = await imports.get(name, patience=patience)
    return Account(
        found=found,
        failed=await failed_results(imports, found, rows),
        changed=await changed_results(imports, found, rows) if found.validate_only else [],
    )
