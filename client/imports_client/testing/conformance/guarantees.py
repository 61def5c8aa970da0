"""The list of guarantees: each has a name, one sentence, and one check."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imports_client.testing.conformance.scene import Scene

Check = Callable[["Scene"], Awaitable[None]]


class Broken(AssertionError):
    """A guarantee does not hold; the message says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What callers may rely on. `name` stays the same once given; `check` raises `Broken`."""

    name: str
    sentence: str
    check: Check


GUARANTEES: dict[str, Guarantee] = {}
"""All of them by name, in the order in which they are checked."""


def guarantee(name: str, sentence: str) -> Callable[[Check], Check]:
    """Enter the check that is decorated into the list."""

    def enter(check: Check) -> Check:
        if name in GUARANTEES:
            raise ValueError(f"two guarantees are called {name}")
        GUARANTEES[name] = Guarantee(name, sentence, check)
        return check

    return enter


def expect(holds: object, what: str) -> None:
    """Raises `Broken`, saying what should have been, when it does not hold."""
    if not holds:
        raise Broken(what)


def expect_equal(seen: object, wanted: object, what: str) -> None:
    """Raises `Broken` when the two differ."""
    if seen != wanted:
        raise Broken(f"{what}: {seen!r}, and not {wanted!r}")
