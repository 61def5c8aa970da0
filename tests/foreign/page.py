"""The code that docs/other-languages.md shows."""

import re

from tests.foreign.programs import ROOT

PAGE = ROOT / "docs" / "other-languages.md"


def blocks(language: str) -> list[str]:
    """Its blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def commands(call: str, *, resuming: bool = False) -> str:
    """The shell commands that make a call, with what they need; `resuming`, those that go on behind $TOKEN."""
    function, *others = blocks("sh")
    return function + next(
        block for block in others if f"| call {call}\n" in block and ("$TOKEN" in block) == resuming
    )
