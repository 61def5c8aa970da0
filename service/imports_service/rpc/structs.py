"""`google.protobuf.Struct` and plain Python values, in both directions.

A Struct knows doubles only: a double that is a whole number becomes an int, so that what went in as 5 comes out as 5.
That goes for integers of up to 64 bits, of which those beyond ±(2^53 - 1) have lost digits: they must be seen for what
they are, and refused.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

MAX_WHOLE = 2**64


def plain(struct: Struct) -> dict[str, Any]:
    """The Struct's values as dicts, lists, texts, numbers, booleans and None."""
    return {name: _plain_value(value) for name, value in struct.fields.items()}


def _plain_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return whole_if_possible(value.number_value)
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [_plain_value(item) for item in value.list_value.values]
    if kind in {"string_value", "bool_value"}:
        return getattr(value, kind)
    return None  # null_value, and a Value that was never given one


def whole_if_possible(number: float) -> int | float:
    """The number as an int where it is one exactly; NaN and infinity stay what they are."""
    if number.is_integer() and abs(number) <= MAX_WHOLE:
        return int(number)
    return number


def struct_of(values: Mapping[str, Any]) -> Struct:
    """A Struct of the values; tuples count as lists."""
    struct = Struct()
    struct.update(values)
    return struct


def value_of(value: Any) -> Value:
    """One value as a message."""
    if value is None:
        return Value(null_value=NULL_VALUE)
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, int | float):
        return Value(number_value=value)
    if isinstance(value, Mapping):
        return Value(struct_value=struct_of(value))
    if isinstance(value, list):
        return Value(list_value=ListValue(values=map(value_of, value)))
    return Value(string_value=str(value))
