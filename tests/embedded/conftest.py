"""A directory for one embedded part, that the account PostgreSQL runs as can pass through."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def data_dir(run_dir: Path) -> Path:
    outer = Path(tempfile.mkdtemp(dir=run_dir))
    outer.chmod(0o711)
    inner = outer / "data"
    inner.mkdir(mode=0o711)
    return inner
