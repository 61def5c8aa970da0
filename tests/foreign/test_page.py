"""docs/other-languages.md shows what the tests run."""

from tests.foreign.page import blocks
from tests.foreign.programs import GRPC_JS


def test_the_code_of_grpc_js_stands_in_the_programs_that_are_run() -> None:
    programs = [file.read_text() for file in GRPC_JS.glob("*.js")]

    shown = blocks("js")

    assert shown
    assert [block for block in shown if not any(block in program for program in programs)] == []
