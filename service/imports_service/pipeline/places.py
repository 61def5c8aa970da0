"""Places in a document, for people who look for what is wrong there, and the refusals that name them."""

from typing import NamedTuple

from imports_service.domain.errors import FieldViolation, InvalidArgument

_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))


class Place(NamedTuple):
    """`offset` counts bytes from 0; `line` and `column` count from 1, columns in characters. Lines end with
    LF.
    """

    offset: int = 0
    line: int = 1
    column: int = 1

    def after(self, data: bytes) -> "Place":
        """The place behind `data`, which begins here."""
        line_feeds = data.count(b"\n")
        last_line = data[data.rfind(b"\n") + 1 :]
        width = len(last_line if last_line.isascii() else last_line.translate(None, _CONTINUATION_BYTES))
        return Place(
            self.offset + len(data), self.line + line_feeds, (1 if line_feeds else self.column) + width
        )

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}, byte offset {self.offset}"


def malformed(place: Place, what: str) -> InvalidArgument:
    """The refusal of a document that is not what its format says."""
    return _refusal("DOCUMENT_MALFORMED", place, what)


def empty(place: Place) -> InvalidArgument:
    """The refusal of a document without a row; `place` is its end."""
    return _refusal("DOCUMENT_EMPTY", place, "the document has no rows")


def header_invalid(place: Place, what: str, **facts: object) -> InvalidArgument:
    """The refusal of a CSV document for its header; `place` is where that begins."""
    return _refusal("HEADER_INVALID", place, what, **facts)


def _refusal(reason: str, place: Place, what: str, **facts: object) -> InvalidArgument:
    return InvalidArgument(
        FieldViolation("document", f"{what} ({place})"), reason=reason, **place._asdict(), **facts
    )
