"""What the installed command calls. The wheel without its extra `cli` has the command too, and says what is missing."""

import sys
from importlib import import_module


def run() -> None:
    """Run the command line; it ends the process."""
    try:
        commands = import_module("imports_client.cli.main")
    except ModuleNotFoundError as error:
        sys.exit(
            f"imports: there is no {error.name}; pip install 'imports-client[cli]' brings the command line"
        )
    commands.run()
