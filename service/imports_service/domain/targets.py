"""References that rows give by the key of what they point to: `"price_list": {"code": "eur"}`.

A key may hold a reference that is given by a key itself; such a one can be told only once the inner one is known.
Nothing here asks the store: `domain.lookups` says what to ask.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from imports_service.domain.keys import canonical_key
from imports_service.domain.nested import Target, joined
from imports_service.domain.references import References, is_given, must_exist
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.rows import Code, Issue


class Resolved(NamedTuple):
    """The id of what a target names, None when it is not there, and what is to be said."""

    resource_id: str | None
    issues: list[Issue]


class TargetRules:
    """How targets are told from their keys, by what the registry says of types."""

    def __init__(self, types: Mapping[str, ResourceType]) -> None:
        self._types = types

    def type_of(self, target: Target, values: Any) -> str:
        """The type that the target must have, "" where the object around it does not say a type that is held here."""
        importable = target.relationship.importable
        if not target.relationship.type_from:
            return importable[0]
        said = getattr(values, target.relationship.type_from)
        return said if said in importable else ""

    def key_of(self, target: Target, type_name: str, references: References) -> str | None:
        """The canonical key, None while a part of it is missing or can't be told yet."""
        resource_type = self._types[type_name]
        parts: list[str | None] = []
        for name in resource_type.unique_key:
            part = target.parts.get(name)
            if isinstance(part, Target):
                part = self.resolve(part, None, references).resource_id
                if part is None:
                    return None
            if part is None and name not in resource_type.optional_key:
                return None
            parts.append(part)
        return canonical_key(parts) if parts else None

    def resolve(self, target: Target, values: Any, references: References) -> Resolved:
        """What the target names; `values` are those of the object that gives it."""
        type_name = self.type_of(target, values)
        if not type_name:
            return Resolved(None, [self._untold(target, values)])
        if target.resource_id is not None and references.by_id(type_name, target.resource_id) is not None:
            return Resolved(target.resource_id, [])
        issues = self._inner_issues(target, references)
        if issues or (issues := self._incomplete(target, type_name)):
            return Resolved(None, issues)
        key = self.key_of(target, type_name, references)
        found = references.by_key(type_name, key) if key is not None else None
        if found is None:
            return Resolved(None, [self._missing(target, type_name)])
        if target.resource_id is not None:
            message = f"is ignored: the resource with this key has the id {found.id}"
            return Resolved(found.id, [Issue(Code.ID_IGNORED, joined(target.path, "id"), message)])
        return Resolved(found.id, [])

    def _inner_issues(self, target: Target, references: References) -> list[Issue]:
        issues: list[Issue] = []
        for part in target.parts.values():
            if isinstance(part, Target):
                issues += [issue for issue in self.resolve(part, None, references).issues if issue.is_error]
        return issues

    def _untold(self, target: Target, values: Any) -> Issue:
        type_from, name = target.relationship.type_from, target.relationship.name
        if not is_given(getattr(values, type_from, UNSET)):
            path = target.path.removesuffix(name) + type_from
            return Issue(Code.REQUIRED, path, f"can't be blank: it says what {name} is")
        return Issue(Code.UNSUPPORTED, target.path, "can be named by its id only: its type is not held here")

    def _incomplete(self, target: Target, type_name: str) -> list[Issue]:
        """What a target of several types lacks can be told only now that its type is known."""
        if target.resource_id is not None:
            return []
        resource_type = self._types[type_name]
        needed = [name for name in resource_type.unique_key if name not in resource_type.optional_key]
        lacking = [name for name in needed if name not in target.parts]
        return [Issue(Code.REQUIRED, joined(target.path, name), "can't be blank") for name in lacking[:1]]

    def _missing(self, target: Target, type_name: str) -> Issue:
        resource_type = self._types[type_name]
        names = [name for name in resource_type.unique_key if name in target.parts]
        if not names:
            said = target.resource_id or ""
            return must_exist(joined(target.path, "id"), type_name, said)
        texts = [str(part) for name in names if not isinstance(part := target.parts[name], Target)]
        first = names[0]
        if isinstance(target.parts[first], Target):
            first = first.removesuffix("_id")
        return must_exist(joined(target.path, first), type_name, "/".join(texts))
