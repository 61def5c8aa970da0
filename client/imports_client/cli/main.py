"""The entry point of `imports`: which commands there are, and what their ends mean to the shell.

Commands are loaded when they are called, so that help and mistakes are answered without loading gRPC.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from imports_client.cli.refused import CallRefused, WrongUsage
from imports_client.cli.text import printable

HELP = """Import commerce resources in bulk, and see what became of every row.

Exit status:

- 0: all went well.
- 1: create, retry, watch: rows failed, or the import was interrupted.
- 2: wrong usage, or a file that cannot be read or written.
- 3: the service refused the call, or nobody answered.
- 130: Ctrl-C; an import that was created already goes on.
- 141: whoever read the output has left.
"""

app = App(
    name="imports",
    help=HELP,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    version_flags=[],
)
app.command("imports_client.cli.create:create", help="Import a document and watch it to its end.")
app.command("imports_client.cli.watch:watch", help="Watch an import to its end, or all of an organization.")
app.command("imports_client.cli.listing:list_imports", name="list", help="List imports, newest first.")
app.command("imports_client.cli.show:show", help="Show one import and its failed rows.")
app.command("imports_client.cli.errors:errors", help="Show what was said of an import's rows.")
app.command("imports_client.cli.retry:retry", help="Import again what failed or was not processed.")
app.command("imports_client.cli.interrupt:interrupt", help="Ask that an import end where it stands.")
app.command("imports_client.cli.delete:delete", help="Delete an import with its results and files.")
app.command("imports_client.cli.download:download", help="Fetch the imported data or the failed rows.")
app.command("imports_client.cli.export:export", help="Write resources as a document that create takes.")
app.command("imports_client.cli.types:types", help="List what can be imported, or describe one type.")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    try:
        status = app(list(arguments), exit_on_error=False)
    except CycloptsError:
        return 2  # has been printed
    except CallRefused as refused:
        return _told(refused, 3)
    except WrongUsage as usage:
        return _told(usage, 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would complain when it flushes at its end
        return 141
    except OSError as error:
        return _told(f"cannot read or write: {error}", 2)
    except KeyboardInterrupt:
        return _told("stopped; an import that was created already goes on (imports list)", 130)
    return status if isinstance(status, int) else 0


def _told(why: object, status: int) -> int:
    print(printable(str(why), keep="\n"), file=sys.stderr)
    return status


def run() -> None:
    """What the installed command calls."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its core would write into the live view
    sys.exit(main(sys.argv[1:]))
