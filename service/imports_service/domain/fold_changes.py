"""Which attributes a row would change, found fast for the many rows that change nothing.

Rows of one document mostly give the same attributes. So those that the last row gave are compared at once,
as two tuples, and only a row that differs there is looked at attribute by attribute. Values are compared as
values: a time is an instant, 1 is 1.0 and true is not 1.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import UNSET

from imports_service.domain.shapes import getter

Same = Callable[[Any, Any], bool]


class Change(NamedTuple):
    """One attribute that a row would change; `old` is None where there is no value yet."""

    name: str
    old: Any
    new: Any


class Comparison:
    """Compares the values of rows with those of resources; `special` says how for names where == is wrong."""

    def __init__(self, names: Sequence[str], special: Mapping[str, Same]) -> None:
        self._special = dict(special)
        self._plain = tuple(name for name in names if name not in special)
        self._narrowed: dict[tuple[str, ...], tuple[Callable[[Any], Any], Callable[[Any], Any], Any]] = {}
        self._narrow(self._plain)

    def changes(self, current: Any, values: Any) -> list[Change]:
        """What `values` change of a resource with the values `current`; null over nothing changes nothing."""
        changes = self._special_changes(current, values)
        if values == current:
            return changes
        if self._others(values) != self._no_others:
            self._narrow(self._names_given_by(values))
        if self._given(values) == self._given(current):
            return changes
        for name in self._names:
            new, old = getattr(values, name), getattr(current, name)
            if old is UNSET:
                old = None
            if new is not UNSET and new != old:
                changes.append(Change(name, old, new))
        return changes

    def are_same(self, current: Sequence[Any], values: Sequence[Any]) -> bool:
        """Whether no pair of the two has changes; False, too, where rows give different attributes."""
        if not all(_are_same(name, same, current, values) for name, same in self._special.items()):
            return False
        if values == current:
            return True
        if (names := self._names_given_by(values[0])) != self._names:
            self._narrow(names)
        if any(others != self._no_others for others in map(self._others, values)):
            return False
        return list(map(self._given, values)) == list(map(self._given, current))

    def _special_changes(self, current: Any, values: Any) -> list[Change]:
        changes = []
        for name, same in self._special.items():
            new, old = getattr(values, name), getattr(current, name)
            if old is UNSET:
                old = None
            if new is not UNSET and new is not old and (new is None or old is None or not same(old, new)):
                changes.append(Change(name, old, new))
        return changes

    def _names_given_by(self, values: Any) -> tuple[str, ...]:
        return tuple(name for name in self._plain if getattr(values, name) is not UNSET)

    def _narrow(self, given: tuple[str, ...]) -> None:
        """From now on compare these names at once, and expect the others not to be given."""
        if given not in self._narrowed:
            others = tuple(name for name in self._plain if name not in given)
            self._narrowed[given] = (getter(given), getter(others), (UNSET,) * len(others))
        self._names = given
        self._given, self._others, self._no_others = self._narrowed[given]


def _are_same(name: str, same: Same, current: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether all rows give what is there of one attribute, or none gives it."""
    get = attrgetter(name)
    new = list(map(get, values))
    if new.count(UNSET) == len(new):
        return True
    old = list(map(get, current))
    return UNSET not in new and UNSET not in old and all(map(same, old, new))
