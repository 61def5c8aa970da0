"""What people call a row whose key is not complete, or was refused: by the values that it gave all the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from imports_service.domain.nested import Nested, Target
from imports_service.domain.shapes import Shape


def spoken_key(shape: Shape, values: Any, nested: Nested | None, given: Mapping[str, object]) -> str | None:
    """The key's parts as the row gave them, joined by `/`; None where one that is needed says nothing.

    `values` are those that could be read, `given` is all that the row gave, where it was read name by name.
    """
    resource_type = shape.resource_type
    parts: list[str] = []
    for name in resource_type.unique_key:
        said = _said(name, values, nested, given)
        if not said and name not in resource_type.optional_key:
            return None
        parts += [said] if said else []
    return "/".join(parts) or None


def _said(name: str, values: Any, nested: Nested | None, given: Mapping[str, object]) -> str:
    for value in (getattr(values, name), given.get(name), given.get(name.removesuffix("_id"))):
        if value and isinstance(value, str | int | float):
            return str(value)
        if isinstance(value, dict):
            return "/".join(str(part) for part in value.values() if isinstance(part, str))
    target = nested.targets.get(name) if nested is not None else None
    return "/".join(_parts_of(target)) if target is not None else ""


def _parts_of(target: Target) -> Iterator[str]:
    for part in target.parts.values():
        if isinstance(part, Target):
            yield from _parts_of(part)
        elif part:
            yield part
