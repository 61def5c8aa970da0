"""A strict reader of JSON that goes piece by piece: where each element ends, and where the syntax breaks.

Slow beside the C decoder (about half a microsecond a token), and asked only where that one cannot answer: for
elements longer than a buffer, and for the place of an error. It holds no more than the nesting and nine
bytes, however long an element is, and does not mind lone surrogates, NaN, Infinity and depth: those are
errors of one row, found with the row. UTF-8 is checked before it.
"""

import re
from enum import IntEnum
from typing import Final

from imports_service.pipeline.json_numbers import NumberScanner, UnexpectedByte

TOKEN_MARKS: Final = (b",", b"[", b"{")
"""Where they crowd, so do tokens."""
MAX_DEPTH: Final = 1_000_000  # one byte each; a row that is kept cannot be deeper


class State(IntEnum):
    """What may come next. TOP_* are about the document itself, the others about the inside of an element."""

    TOP_FIRST = 0
    TOP_VALUE = 1
    TOP_AFTER = 2
    TOP_DONE = 3
    VALUE = 4
    FIRST_ITEM = 5
    AFTER_ITEM = 6
    FIRST_NAME = 7
    NAME = 8
    COLON = 9
    AFTER_MEMBER = 10


EXPECTED: Final = {
    State.TOP_FIRST: "a value or ']'",
    State.TOP_VALUE: "a value",
    State.TOP_AFTER: "',' or ']'",
    State.TOP_DONE: "nothing more",
    State.VALUE: "a value",
    State.FIRST_ITEM: "a value or ']'",
    State.AFTER_ITEM: "',' or ']'",
    State.FIRST_NAME: "a name in quotes or '}'",
    State.NAME: "a name in quotes",
    State.COLON: "':'",
    State.AFTER_MEMBER: "',' or '}'",
}

_STRING, _SCALAR = b"s", b"v"
_OPEN_OBJECT, _OPEN_ARRAY, _CLOSE, _END_OF_VALUE = -1, -2, -3, -4
_VALUES = {_STRING: _END_OF_VALUE, _SCALAR: _END_OF_VALUE, b"{": _OPEN_OBJECT, b"[": _OPEN_ARRAY}
_STEPS: Final[dict[State, dict[bytes, int]]] = {
    State.TOP_FIRST: {**_VALUES, b"]": State.TOP_DONE},
    State.TOP_VALUE: _VALUES,
    State.TOP_AFTER: {b",": State.TOP_VALUE, b"]": State.TOP_DONE},
    State.TOP_DONE: {},
    State.VALUE: _VALUES,
    State.FIRST_ITEM: {**_VALUES, b"]": _CLOSE},
    State.AFTER_ITEM: {b",": State.VALUE, b"]": _CLOSE},
    State.FIRST_NAME: {_STRING: State.COLON, b"}": _CLOSE},
    State.NAME: {_STRING: State.COLON},
    State.COLON: {b":": State.VALUE},
    State.AFTER_MEMBER: {b",": State.NAME, b"}": _CLOSE},
}
_ELEMENT_STARTS = frozenset({State.TOP_FIRST, State.TOP_VALUE})

# Possessive (`*+`): a long string costs no memory for ways back that can't lead anywhere. Only single characters are
# repeated so: of possessive groups Python before 3.11.5 takes part of an item that does not match as a whole.
_PLAIN = rb'[^"\\\x00-\x1f]*+'
_CHARACTERS = _PLAIN + rb'(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})' + _PLAIN + b")*"
_SPACE = rb"[ \t\r\n]*+"
_TEXT = b'"' + _CHARACTERS + b'"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?=[ \t\r\n,\]}:])"
_WORD = rb"(?:true|false|null|NaN|-?Infinity)"
_ATOM = _SPACE + b"(?:" + _TEXT + b"|" + _NUMBER + b"|" + _WORD + b")" + _SPACE
_MEMBER = _SPACE + _TEXT + _SPACE + b":" + _ATOM
# Objects and arrays that hold no others are taken whole: nearly all of a deeply nested row consists of them.
_FLAT_OBJECT = rb"\{" + _MEMBER + b"(?:," + _MEMBER + rb")*\}"
_FLAT_ARRAY = rb"\[" + _ATOM + b"(?:," + _ATOM + rb")*\]"
_TOKEN = re.compile(
    _SPACE
    + b"(?:("
    + _TEXT
    + b")|("
    + b"|".join((_NUMBER, _WORD, _FLAT_OBJECT, _FLAT_ARRAY))
    + rb")|([{}\[\]:,]))"
)
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_STRING_PART = re.compile(_CHARACTERS)
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?")
_LITERALS = (b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity")


class JsonSyntaxError(Exception):
    """Not JSON from `offset` on; the message says what was expected there."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


class JsonScanner:
    """Reads the inside of an array, or with `single` one value and nothing else, in pieces.

    Offsets are those of the bytes fed, from `offset` on. `element_start` is that of an element that has begun
    and not ended, else None; `has_separator` says whether a comma between elements has been read. `state` may
    be TOP_VALUE at the start: an element must follow.
    """

    def __init__(self, *, offset: int = 0, state: State = State.TOP_FIRST, single: bool = False) -> None:
        self.state = State.TOP_VALUE if single else state
        self.element_start: int | None = None
        self.has_separator = False
        self._single = single
        self._nesting = bytearray()
        self._offset = offset  # of the first byte not scanned yet
        self._carried = b""
        self._in_string = False
        self._number: NumberScanner | None = None
        self._elements: list[tuple[int, int]] = []

    def feed(self, piece: bytes) -> list[tuple[int, int]]:
        """Read on; the start and end of each element that ended in this piece. Raises `JsonSyntaxError`."""
        self._elements = []
        data = self._carried + piece
        self._carried = b""
        position = 0
        while position < len(data):
            if self._in_string:
                position = self._finish_string(data, position)
            elif self._number is not None:
                position = self._finish_number(self._number, data, position)
            elif token := _TOKEN.match(data, position):
                group = token.lastindex or 0
                kind = token[3] if group == 3 else (_STRING if group == 1 else _SCALAR)
                self._step(kind, self._offset + token.start(group), self._offset + token.end())
                position = token.end()
            else:
                position = self._begin_cut_token(data, position)
            if self._carried:
                position = len(data) - len(self._carried)
                break
        self._offset += position
        return self._elements

    def finish(self) -> list[tuple[int, int]]:
        """Say that the input has ended: an element that only the end completes. Raises `JsonSyntaxError`."""
        elements = []
        if self._carried:
            raise JsonSyntaxError(self._offset + len(self._carried), "the document ends too early")
        if self._number is not None:
            elements = self.feed(b" ")
            self._offset -= 1
        if self.state is not (State.TOP_AFTER if self._single else State.TOP_DONE):
            raise JsonSyntaxError(self._offset, "the document ends too early")
        return elements

    def _step(self, kind: bytes, start: int, end: int) -> None:
        step = _STEPS[self.state].get(kind)
        if step is None or (self._single and self.state is State.TOP_AFTER):
            raise self._unexpected(start)
        if self.state in _ELEMENT_STARTS and step < 0 and self.element_start is None:
            self.element_start = start
        if step >= 0:
            self.has_separator = self.has_separator or self.state is State.TOP_AFTER
            self.state = State(step)
        elif step == _OPEN_OBJECT:
            self._nest(b"{", State.FIRST_NAME, start)
        elif step == _OPEN_ARRAY:
            self._nest(b"[", State.FIRST_ITEM, start)
        else:
            if step == _CLOSE:
                self._nesting.pop()
            self._end_value(end)

    def _nest(self, kind: bytes, state: State, start: int) -> None:
        if len(self._nesting) == MAX_DEPTH:
            raise JsonSyntaxError(start, f"nested deeper than {MAX_DEPTH} levels")
        self._nesting += kind
        self.state = state

    def _end_value(self, end: int) -> None:
        if self._nesting:
            self.state = State.AFTER_MEMBER if self._nesting[-1] == ord("{") else State.AFTER_ITEM
            return
        self.state = State.TOP_AFTER
        if self.element_start is not None:
            self._elements.append((self.element_start, end))
        self.element_start = None

    def _begin_cut_token(self, data: bytes, position: int) -> int:
        """Take what is no whole token: one that the piece's end cuts, or an error."""
        blanks = _BLANKS.match(data, position)
        position = blanks.end() if blanks else position
        rest = data[position : position + 9]
        if not rest:
            return position
        if len(rest) < 9 and any(literal.startswith(rest) for literal in _LITERALS):
            self._carried = rest
            return position
        start = self._offset + position
        if rest[:1] == b'"' and _STRING in _STEPS[self.state]:
            self._step_into_value(_STRING, start)
            self._in_string = True
            return position + 1
        if rest[0] in b"-0123456789" and _SCALAR in _STEPS[self.state]:
            self._step_into_value(_SCALAR, start)
            self._number = NumberScanner()
            return position
        raise self._unexpected(start)

    def _step_into_value(self, kind: bytes, start: int) -> None:
        """Note the start of an element whose end is not in sight."""
        if self._single and self.state is State.TOP_AFTER:
            raise self._unexpected(start)
        if self.state in _ELEMENT_STARTS:
            self.element_start = start

    def _finish_string(self, data: bytes, position: int) -> int:
        part = _STRING_PART.match(data, position)
        position = part.end() if part else position
        if position == len(data):
            return position
        if data[position : position + 1] == b'"':
            self._in_string = False
            self._step(_STRING, self._offset + position, self._offset + position + 1)
            return position + 1
        if _CUT_ESCAPE.fullmatch(data, position):
            self._carried = data[position:]
            return position
        what = "an escape that JSON does not have" if data[position] == ord("\\") else "a control character"
        raise JsonSyntaxError(self._offset + position, f"{what} in a text")

    def _finish_number(self, number: NumberScanner, data: bytes, position: int) -> int:
        try:
            position, ended = number.feed(data, position)
        except UnexpectedByte as unexpected:
            raise JsonSyntaxError(self._offset + unexpected.position, "not a number") from None
        if ended:
            self._number = None
            self._step(_SCALAR, self._offset + position, self._offset + position)
        return position

    def _unexpected(self, offset: int) -> JsonSyntaxError:
        if self._single and self.state is State.TOP_AFTER:
            return JsonSyntaxError(offset, "text after the end of the value")
        if self.state is State.TOP_DONE:
            return JsonSyntaxError(offset, "text after the closing ']'")
        return JsonSyntaxError(offset, f"expected {EXPECTED[self.state]}")
