"""The entry point of `imports`: which commands there are, and what their ends mean to the shell.

Exit status: 0 all went well; 1 rows failed or the import was interrupted; 2 wrong usage, a refused call or a
document that cannot be read; 130 Ctrl-C (the import goes on). Commands are loaded when they are called, so
that help and mistakes are answered without loading gRPC.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from imports_client.cli.refused import CallRefused

app = App(
    name="imports",
    help="Import commerce resources in bulk, and see what became of every row.",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    version_flags=[],
)
app.command("imports_client.cli.create:create", help="Import a document and watch it to its end.")
app.command("imports_client.cli.watch:watch", help="Watch an import to its end.")
app.command("imports_client.cli.listing:list_imports", name="list", help="List imports, newest first.")
app.command("imports_client.cli.show:show", help="Show one import and its failed rows.")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    try:
        status = app(list(arguments), exit_on_error=False)
    except CycloptsError:
        return 2  # has been printed
    except CallRefused as refused:
        print(refused, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"cannot read the document: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; an import that was created already goes on (imports list)", file=sys.stderr)
        return 130
    return status if isinstance(status, int) else 0


def run() -> None:
    """What the installed command calls."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its core would write into the live view
    sys.exit(main(sys.argv[1:]))
