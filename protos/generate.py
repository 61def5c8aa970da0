"""Generates the typed stubs in client/ from the contract; `--check` proves that the committed ones are fresh.

Run by .venv-proto, whose generator is old on purpose: code that it makes runs on every protobuf runtime
since, code made by a new one refuses older runtimes. `commerce/` stays a namespace package (no
`__init__.py`), so that other services can bring packages of their own under the same root.
"""

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-not-found]  # lives in .venv-proto only

PROTOS = Path(__file__).resolve().parent
PACKAGE = Path("commerce/imports/v1")
CLIENT = PROTOS.parent / "client"


def generate(target: Path) -> None:
    """Write messages, services and their types below `target`. Raises SystemExit if the compiler refuses."""
    binaries = Path(sys.executable).parent
    sources = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / PACKAGE).glob("*.proto"))
    failed = protoc.main(
        [
            "protoc",
            f"-I{PROTOS}",
            f"-I{files('grpc_tools') / '_proto'}",
            f"--python_out={target}",
            f"--grpc_python_out={target}",
            f"--plugin=protoc-gen-mypy={binaries / 'protoc-gen-mypy'}",
            f"--mypy_out=quiet:{target}",
            f"--plugin=protoc-gen-mypy_grpc={binaries / 'protoc-gen-mypy_grpc'}",
            f"--mypy_grpc_out=quiet:{target}",
            *sources,
        ]
    )
    if failed:
        raise SystemExit(failed)
    (target / PACKAGE / "py.typed").touch()


def stubs(root: Path) -> dict[str, bytes]:
    """The files of the generated package by name."""
    return {path.name: path.read_bytes() for path in (root / PACKAGE).iterdir() if path.is_file()}


def stale_stubs() -> list[str]:
    """Names of stubs that are missing, left over or different from what the contract gives."""
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        fresh, committed = stubs(Path(scratch)), stubs(CLIENT)
    return sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a stub is stale")
    if not parser.parse_args().check:
        generate(CLIENT)
        return 0
    if stale := stale_stubs():
        print(f"stale stubs in client/{PACKAGE}: {', '.join(stale)}; run `make proto`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
