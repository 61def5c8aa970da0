"""Which items of a list that a row gives are which of those that its owner has.

By id, then by what tells the items of one owner apart, then in order among what is left. In order, an item never
becomes one that it can't be turned into: what would change what never changes is removed, and the item made anew.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from imports_service.domain.attributes import Relationship
from imports_service.domain.fold_workspace import Resource
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import Shape


class Match(msgspec.Struct):
    """An item and the resource that it is, None for a new one; what is to be said of the item."""

    values: Any
    resource: Resource | None = None
    issues: list[Issue] = []


def match_items(
    relationship: Relationship,
    shape: Shape,
    items: Sequence[Any],
    existing: Sequence[Resource],
    *,
    values_of: Callable[[Resource], Any],
    is_known: Callable[[str], bool],
) -> list[Match]:
    """The items, as values of the shape, each with the existing resource that it is.

    `is_known` says whether there is a resource of the type with an id, whoever owns it.
    """
    left = {resource.id: resource for resource in existing}
    matches = [Match(values) for values in items]
    _by_id(matches, left, is_known)
    if relationship.local_key:
        _by_local_key(relationship.local_key, shape, matches, left, values_of)
    unmatched = [match for match in matches if match.resource is None and not match.values.id]
    for match, resource in zip(unmatched, list(left.values()), strict=False):
        if _can_become(shape, values_of(resource), match.values):
            match.resource = resource
    return matches


def _by_id(matches: Sequence[Match], left: dict[str, Resource], is_known: Callable[[str], bool]) -> None:
    seen: set[str] = set()
    for match in matches:
        resource_id = match.values.id
        if not resource_id:
            continue
        match.resource = left.pop(resource_id, None)
        if resource_id in seen:
            match.issues.append(Issue(Code.INVALID, "id", "is given twice in this list"))
        elif match.resource is None and is_known(resource_id):
            match.issues.append(Issue(Code.INVALID, "id", "belongs to another resource's list"))
        seen.add(resource_id)


def _by_local_key(
    name: str,
    shape: Shape,
    matches: Sequence[Match],
    left: dict[str, Resource],
    values_of: Callable[[Resource], Any],
) -> None:
    is_unique = name in shape.resource_type.unique_key
    by_local: dict[Any, list[Resource]] = {}
    for resource in left.values():
        by_local.setdefault(_local(values_of(resource), name), []).append(resource)
    # an item that is named by its id has the local key of that resource, without saying so
    seen = {
        _local(values_of(match.resource), name)
        for match in matches
        if match.resource is not None and not _local(match.values, name)
    }
    for match in matches:
        local = _local(match.values, name)
        if is_unique and local is not None and local in seen:
            match.issues.append(Issue(Code.INVALID, name, "is given twice in this list"))
        seen.add(local)
        if match.resource is not None or match.issues or (is_unique and local is None):
            continue
        candidates = by_local.get(local, [])
        found = (one for one in candidates if _can_become(shape, values_of(one), match.values))
        match.resource = next(found, None)
        if match.resource is not None:
            candidates.remove(match.resource)
            del left[match.resource.id]
            if match.values.id:
                message = f"is ignored: the item with this {name} has the id {match.resource.id}"
                match.issues.append(Issue(Code.ID_IGNORED, "id", message))


def _local(values: Any, name: str) -> Any:
    """The local key, None for an item without one."""
    return getattr(values, name) or None


def _can_become(shape: Shape, current: Any, values: Any) -> bool:
    """Whether nothing that can't change would have to."""
    for name in (*shape.immutable, *shape.resource_type.unique_key):
        new, old = getattr(values, name), getattr(current, name)
        if new and old and new != old:
            return False
    return True
