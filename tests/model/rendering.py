"""Environments as texts that can be compared: ids that the service (or the model) made have names in their place.

A resource is called by the id that a document gave it, else its place in its owner, else its key, else the row that
made it, else the resource that holds it. What nothing names is compared by its values.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.model.kinds import KINDS
from tests.model.values import lowered
from tests.model.world import Thing, World

LONGEST_GIVEN_ID = 12
"""Ids of documents are shorter than this, made ones are longer or begin with a zero."""

Names = Mapping[tuple[str, str], str]
"""What a type's ids are called by the rows that created them."""


def is_given(thing_id: str) -> bool:
    return len(thing_id) <= LONGEST_GIVEN_ID and not thing_id.startswith("0")


def rendered(world: World, names: Names) -> dict[str, list[str]]:
    """The name of each resource, and its values as JSON; several where one name has to do for more."""
    labels = _Labels(world, names)
    texts: dict[str, list[str]] = {}
    for thing in world.everything():
        texts.setdefault(labels.of(thing), []).append(_values(thing, labels))
    return {label: sorted(texts[label]) for label in sorted(texts)}


def untouched(world: World, names: Names) -> set[str]:
    """The names of what the last import has left alone for sure."""
    labels = _Labels(world, names)
    return {labels.of(thing) for thing in world.everything() if not thing.touched}


def _values(thing: Thing, labels: "_Labels") -> str:
    kind = KINDS[thing.kind]
    values: dict[str, Any] = {"id": thing.id} if is_given(thing.id) else {}
    for name, value in thing.values.items():
        ref = kind.refs.get(name.removesuffix("_id"))
        if name.endswith("_id") and ref is not None:
            found = labels.world.by_id(ref.kind, value)
            values[name] = labels.of(found) if found else value
        else:
            values[name] = (
                "(generated)" if _is_generated(name, value) else lowered(kind.attrs.get(name), value)
            )
    key = None if thing.key is None or thing.owner else "/".join(str(labels.part(p)) for p in thing.key)
    key = "(generated)" if kind.generated and _is_generated(kind.generated, key) else key
    return json.dumps({"key": key} | _doubles(values), sort_keys=True)


def _is_generated(name: str, value: Any) -> bool:
    return name == "number" and isinstance(value, str) and len(value) == 20 and value.isdecimal()


def _doubles(value: Any) -> Any:
    """1 and 1.0 are written alike."""
    if isinstance(value, dict):
        return {name: _doubles(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_doubles(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Labels:
    def __init__(self, world: World, names: Names) -> None:
        self.world = world
        self._names = names
        self._known: dict[tuple[str, str], str] = {}
        self._by_id = {thing.id: thing for thing in world.everything()}
        self._holders = self._found_holders()

    def of(self, thing: Thing) -> str:
        name = (thing.kind, thing.id)
        if name not in self._known:
            self._known[name] = f"{thing.kind} {self._called(thing)}"
        return self._known[name]

    def part(self, part: Any) -> Any:
        """A part of a key, which may be an id."""
        found = self._by_id.get(part) if isinstance(part, str) else None
        return self.of(found) if found is not None else part

    def _called(self, thing: Thing) -> str:
        if thing.owner and (owner := self._by_id.get(thing.owner)) is not None:
            place = [item.id for item in self.world.items(thing.kind, thing.owner)].index(thing.id)
            return f"[{place}] of {self.of(owner)}"
        if is_given(thing.id):
            return thing.id
        if thing.key is not None:
            return "/".join(str(self.part(part)) for part in thing.key)
        if (thing.kind, thing.id) in self._names:
            return self._names[thing.kind, thing.id]
        if thing.id in self._holders:
            return f"of {self.of(self._holders[thing.id])}"
        return "without a name"

    def _found_holders(self) -> dict[str, Thing]:
        """Who holds the owned objects; of several the first that has a name of its own."""
        holders: dict[str, Thing] = {}
        for thing in self.world.everything():
            for name, ref in KINDS[thing.kind].refs.items():
                held = thing.values.get(f"{name}_id")
                if ref.how == "owned" and held is not None:
                    holders.setdefault(held, thing)
        return holders
