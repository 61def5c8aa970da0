"""The grammar of a JSON number as a small machine, for numbers that a piece cuts. Holds no digits."""

import re
from typing import Final


class UnexpectedByte(Exception):
    """At `position` of the piece stands something that no number continues with."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


_DIGITS = re.compile(rb"[0-9]*+")
_SIGN, _ZERO, _WHOLE, _POINT, _FRACTION, _EXPONENT, _EXPONENT_SIGN, _POWER = range(8)
_START: Final = -1
_POSITIVE = {ord("0"): _ZERO, **{digit: _WHOLE for digit in b"123456789"}}
_POWER_DIGITS = {digit: _POWER for digit in b"0123456789"}
_EXPONENTS = {ord("e"): _EXPONENT, ord("E"): _EXPONENT}
_STEPS: Final[dict[int, dict[int, int]]] = {
    _START: {ord("-"): _SIGN, **_POSITIVE},
    _SIGN: _POSITIVE,
    _ZERO: {ord("."): _POINT, **_EXPONENTS},
    _WHOLE: {ord("."): _POINT, **_EXPONENTS},
    _POINT: {digit: _FRACTION for digit in b"0123456789"},
    _FRACTION: _EXPONENTS,
    _EXPONENT: {ord("+"): _EXPONENT_SIGN, ord("-"): _EXPONENT_SIGN, **_POWER_DIGITS},
    _EXPONENT_SIGN: _POWER_DIGITS,
    _POWER: {},
}
_MAY_END = frozenset({_ZERO, _WHOLE, _FRACTION, _POWER})
_RUNS = frozenset({_WHOLE, _FRACTION, _POWER})


class NumberScanner:
    """One number, read in pieces from its first byte on."""

    def __init__(self) -> None:
        self._state = _START

    def feed(self, data: bytes, position: int) -> tuple[int, bool]:
        """Where the number stops in the piece, and whether that is its end. Raises `UnexpectedByte`."""
        while True:
            if self._state in _RUNS and (run := _DIGITS.match(data, position)):
                position = run.end()
            if position == len(data):
                return position, False
            step = _STEPS[self._state].get(data[position])
            if step is None:
                if self._state in _MAY_END:
                    return position, True
                raise UnexpectedByte(position)
            self._state = step
            position += 1
