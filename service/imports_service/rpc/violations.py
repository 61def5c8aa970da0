"""Collects what is wrong with a request, so that a caller learns of all of it at once."""

from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.names import is_resource_id

MAX_TEXT_CHARACTERS = 255
"""Of a reference, its origin, and what is searched for in them."""


class Violations:
    """The fields found wrong so far; `refuse` raises them together."""

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def expect(self, holds: bool, field: str, description: str) -> bool:
        """Note the field when it does not hold; whether it does."""
        if not holds:
            self._found.append(FieldViolation(field, description))
        return holds

    def expect_text(self, text: str, field: str) -> None:
        """A text that people gave: at most 255 characters, without NUL, which PostgreSQL cannot hold."""
        is_short = len(text) <= MAX_TEXT_CHARACTERS
        self.expect(is_short, field, f"is longer than {MAX_TEXT_CHARACTERS} characters")
        self.expect("\0" not in text, field, "holds a NUL character")

    def expect_id(self, text: str, field: str) -> None:
        """The id of a resource."""
        self.expect(is_resource_id(text), field, "must be 1 to 64 of A-Z, a-z, 0-9, `_` and `-`")

    def expect_known(self, number: int, known: frozenset[int], field: str) -> None:
        """A value of an enum that may be asked for."""
        self.expect(number in known, field, f"{number} is none of the values that can be asked for")

    def refuse(self, *, reason: str | None = None) -> None:
        """Raises `InvalidArgument` with all that was noted; returns when there was nothing."""
        if self._found:
            raise InvalidArgument(self._found, reason=reason)
