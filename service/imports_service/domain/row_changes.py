"""What a row of a rehearsal would change, gathered while the row is folded and stored beside its outcome.

A real run gathers nothing. Gathered are attributes, not resources: what a row nests has paths
(`price_tiers[0].up_to`). What is not known before the real run (ids and codes that the service makes) has no value.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.fold_changes import Change
from imports_service.domain.nested import Given, joined
from imports_service.domain.shapes import Shape

MAX_CHANGES_PER_ROW = 20
MAX_VALUE_CHARACTERS = 256

FORESEEN = "~"
"""What an id has in it that a rehearsal makes up: no row can give such a one."""


class RowChange(
    msgspec.Struct, gc=False, omit_defaults=True, rename={"attribute": "a", "old": "o", "new": "n"}
):
    """One attribute that would change, in plain values; UNSET is no value, or one that can't be known yet."""

    attribute: str
    old: Any = UNSET
    new: Any = UNSET


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[RowChange]).decode
_as_json = msgspec.json.Encoder().encode


def decode_changes(data: bytes) -> list[RowChange]:
    """The changes of one row as they were taken."""
    return _decode(data)


class ChangeRecorder:
    """Gathers the changes of one row after the other; those of its own resource come first."""

    def __init__(self) -> None:
        self._own: list[RowChange] = []
        self._nested: list[RowChange] = []

    def create(self, given: Given, values: Any) -> None:
        """A resource would be made with these values; `given` is what the row says of it.

        One that the row only names, as it does with tags, stands in the list that has the name.
        """
        if given.is_text:
            return
        shape = given.shape
        for name in shape.fields:
            new = getattr(values, name)
            if new is UNSET or new is None or (given.path and name == shape.owner_key):
                continue
            if name in shape.generated and getattr(given.values, name) is UNSET:
                new = UNSET
            self._add(given, RowChange(joined(given.path, name), UNSET, _known(shape, name, new)))

    def change(self, given: Given, changes: Iterable[Change]) -> None:
        """A resource would be changed."""
        for name, old, new in changes:
            before = UNSET if old is None else _known(given.shape, name, old)
            self._add(given, RowChange(joined(given.path, name), before, _known(given.shape, name, new)))

    def remove(self, owner: Given, name: str, place: int, shape: Shape, values: Any) -> None:
        """The item that stands at the place of one of the owner's lists would go."""
        kept = ((field, _known(shape, field, getattr(values, field))) for field in shape.fields)
        old = {
            field: value
            for field, value in kept
            if value is not UNSET and value is not None and field != shape.owner_key
        }
        if len(self._nested) < MAX_CHANGES_PER_ROW:
            path = joined(owner.path, f"{name}[{place}]")
            self._nested.append(RowChange(path, _shown(old), None))

    def take(self) -> bytes | None:
        """The encoded changes since the last call; None when there are none."""
        changes = [*self._own, *self._nested][:MAX_CHANGES_PER_ROW]
        self._own.clear()
        self._nested.clear()
        return _encode(changes) if changes else None

    def _add(self, given: Given, change: RowChange) -> None:
        gathered = self._nested if given.path else self._own
        if len(gathered) < MAX_CHANGES_PER_ROW:
            gathered.append(change)


def _known(shape: Shape, name: str, value: Any) -> Any:
    """The value as it is shown; UNSET for a secret, and for the made-up id of a resource that is not there yet."""
    if name in shape.reference_fields and isinstance(value, str) and FORESEEN in value:
        return UNSET
    if name in _secrets(shape):
        return UNSET
    return _shown(value)


@cache
def _secrets(shape: Shape) -> frozenset[str]:
    return frozenset(attribute.name for attribute in shape.resource_type.attributes if attribute.secret)


def _shown(value: Any) -> Any:
    """The value in plain JSON, cut when it is long: a list or an object then becomes the beginning of its JSON."""
    if isinstance(value, str):
        return value[:MAX_VALUE_CHARACTERS]
    if value is UNSET or value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict | Sequence):
        text = _as_json(value).decode()
        if len(text) > MAX_VALUE_CHARACTERS:
            return text[:MAX_VALUE_CHARACTERS]
    return msgspec.to_builtins(value)
