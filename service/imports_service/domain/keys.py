"""Unique keys as text: the canonical form that the environment compares, and the form that people read.

Canonical keys are compared code point by code point and never trimmed. Which values make up a key, and which
of them are emails, is the registry's business; here they come in its order, emails in lower case already.
"""

from collections.abc import Sequence

KEY_SEPARATOR = "\x1f"
MISSING_PART = "\x1e"
NAME_SEPARATOR = "\x1d"
"""Between several keys, or several ids, in one text."""

# What separates must not stand in one, PostgreSQL's text takes no NUL, and nobody can read or type the others.
FORBIDDEN_CHARACTERS = frozenset(map(chr, range(0x20))) - {"\t", "\n", "\r"}

# A longer entry does not fit the index, and would fail the whole segment again and again.
MAX_KEY_BYTES = 2000
SHORT_KEY_CHARACTERS = MAX_KEY_BYTES // 4
"""A key of so many is not too long, whatever the characters are."""

_SHOWN_CHARACTERS = 200


def canonical_key(values: Sequence[str | None]) -> str:
    """The values in registry order as one text; None stands for an optional one that is missing."""
    return KEY_SEPARATOR.join([MISSING_PART if value is None else value for value in values])


def key_values(key: str) -> list[str | None]:
    """The values that a canonical key was made of, in registry order."""
    return [None if value == MISSING_PART else value for value in key.split(KEY_SEPARATOR)]


def is_too_long(key: str) -> bool:
    """Whether the canonical key has more than `MAX_KEY_BYTES` bytes."""
    if len(key) <= SHORT_KEY_CHARACTERS:
        return False
    return len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES


def key_text(key: str) -> str:
    """The canonical key for people: its values joined by `/`, cut at 200 characters."""
    if KEY_SEPARATOR not in key:
        return key[:_SHOWN_CHARACTERS]
    if MISSING_PART not in key:
        return key.replace(KEY_SEPARATOR, "/")[:_SHOWN_CHARACTERS]
    return "/".join(value for value in key_values(key) if value is not None)[:_SHOWN_CHARACTERS]


def id_text(resource_id: str) -> str:
    """How a row is called that only has an id."""
    return f"id:{resource_id}"


def row_text(number: int) -> str:
    """How a row is called that has neither key nor id."""
    return f"row {number}"


def printable(text: str, *, longest: int = _SHOWN_CHARACTERS) -> str:
    """The text fit to be stored and shown: cut, lone surrogates and NUL replaced."""
    shown = text[:longest].replace("\x00", "\ufffd")
    return shown.encode("utf-8", "replace").decode() if not shown.isascii() else shown
