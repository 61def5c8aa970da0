"""What docs/testing.md shows works as it stands there."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from imports_client.testing import FakeService
from imports_client.testing.conformance import GUARANTEES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text("utf-8")
PROGRAMS = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "asyncio.run" in block]


async def output_of(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.parametrize("program", PROGRAMS, ids=["by itself", "by hand"])
async def test_a_program_of_the_page_works(program: str) -> None:
    assert await output_of("-c", program) == (0, "")


async def test_the_guarantees_are_printed_a_line_each() -> None:
    status, out = await output_of("-m", "imports_client.testing.conformance")

    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(GUARANTEES)


def test_the_page_names_every_method_of_the_wheel() -> None:
    methods = {name for name in vars(FakeService) if not name.startswith("_")} - {"get"}

    assert methods <= set(re.findall(r"\b(\w+)\(", PAGE))
