"""What a type allows its rows to do: what a new resource needs, what may change and what a change is.

Made from the shape of the type for each fold. Which resource a row means is the fold's business, not known here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.fold_changes import Change, Comparison, Same
from imports_service.domain.fold_conditions import Conditions
from imports_service.domain.references import is_given
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import Shape, getter, same


class FoldRules:
    """The rules of one type. Compares fastest where rows that follow each other give the same attributes."""

    def __init__(self, shape: Shape) -> None:
        self.references = shape.reference_rules
        self.key = shape.resource_type.unique_key
        self.defaults = tuple(shape.defaults.items())
        self.generated = shape.generated
        self.conditions = Conditions(shape.resource_type)
        self._alternatives = shape.resource_type.alternatives
        self._required = shape.required
        self._required_values = getter(shape.required)
        self._immutable = shape.immutable
        special: dict[str, Same] = dict.fromkeys(shape.object_fields, _same_object)
        special |= dict.fromkeys(shape.emails, _same_email)
        self._comparison = Comparison(shape.fields, special)

    def missing(self, values: Any, triggers: Mapping[str, Any] = {}) -> list[Issue]:
        """What a new resource lacks. An attribute given as null was judged when the row was read."""
        lacking = self.conditions.missing(values, triggers)
        if UNSET not in self._required_values(values):
            return lacking
        return [
            *(
                Issue(Code.REQUIRED, name, "can't be blank")
                for name in self._required
                if getattr(values, name) is UNSET
            ),
            *lacking,
        ]

    def are_complete(self, rows: Sequence[Any]) -> bool:
        """Whether `missing` has nothing to say of any of the rows."""
        return not any(UNSET in given for given in map(self._required_values, rows)) and (
            self.conditions.are_met(rows)
        )

    def no_key(self) -> Issue:
        """The warning for a row that names no resource although its type has a key."""
        names = ", ".join(self.key)
        message = f"the row has no id and no complete key ({names}), so it creates a resource every time"
        return Issue(Code.NO_KEY, "", message)

    def changes(self, current: Any, values: Any) -> list[Change]:
        """What the values would change; empty for a row that leaves everything as it is."""
        changes = self._comparison.changes(current, values)
        for group in self._alternatives if changes else ():
            changes += _cleared(group, changes, current, values)
        return changes

    def change_nothing(self, current: Sequence[Any], values: Sequence[Any]) -> bool:
        """Whether `changes` is empty for each pair of the two; False where only it can tell."""
        return self._comparison.are_same(current, values)

    def refused(self, changes: list[Change], *, has_key: bool, given: Any) -> list[Issue]:
        """The changes that are not allowed. `given` is the row as it came, before references filled it in.

        An attribute of the unique key can be set while it is empty, as long as the resource has no key:
        where a missing part counts as "none" a complete key stays as it is too.
        """
        issues: dict[str, Issue] = {}
        for change in changes:
            name = self.references.given_by(change.name, given)
            if change.name in self.key:
                if has_key or change.old not in {None, ""}:
                    message = "is part of what names the resource and can't be changed"
                    issues[name] = Issue(Code.IMMUTABLE_KEY, name, message)
            elif (
                change.name in self._immutable
                and change.old is not None
                and getattr(given, change.name) is not UNSET
            ):
                message = "can't be changed once it is set"
                issues.setdefault(name, Issue(Code.IMMUTABLE, name, message))
        return list(issues.values())


_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


def _same_object(old: object, new: object) -> bool:
    """`same`, sooner: what is the same is equal, and what is written alike is the same."""
    return old == new and (_encode_sorted(old) == _encode_sorted(new) or same(old, new))


def _same_email(old: object, new: object) -> bool:
    """Addresses are compared as keys are: in lower case."""
    if isinstance(old, str) and isinstance(new, str):
        return old.lower() == new.lower()
    return old is new


def _cleared(group: Sequence[str], changes: Sequence[Change], current: Any, values: Any) -> list[Change]:
    """What has to go because another one of its group is set. What the row gives itself stays."""
    if not any(change.name in group and is_given(change.new) for change in changes):
        return []
    return [
        Change(name, getattr(current, name), None)
        for name in group
        if getattr(values, name) is UNSET and is_given(getattr(current, name))
    ]
