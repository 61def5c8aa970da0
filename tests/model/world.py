"""An environment as plain dictionaries: what the model works on, and what is read from the service to compare."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Key = tuple[Any, ...]


@dataclass
class Thing:
    """A resource. `values` holds attributes, references as `<name>_id` and the sorted names of `tags`; no nulls.

    `at` orders the items of one owner: when the resource was made, then its id. `touched`: written by the last
    import, as far as the model is sure of it.
    """

    kind: str
    id: str
    key: Key | None = None
    owner: str = ""
    at: tuple[Any, str] = (0, "")
    values: dict[str, Any] = field(default_factory=dict)
    touched: bool = True


@dataclass
class World:
    """All resources of an organization by type and id."""

    things: dict[str, dict[str, Thing]] = field(default_factory=dict)

    def put(self, thing: Thing) -> None:
        self.things.setdefault(thing.kind, {})[thing.id] = thing

    def by_id(self, kind: str, thing_id: Any) -> Thing | None:
        return self.things.get(kind, {}).get(thing_id) if isinstance(thing_id, str) else None

    def by_key(self, kind: str, key: Key | None) -> Thing | None:
        """The first where a row that fails has made two of them; `check_keys` for all others."""
        return next((thing for thing in self.of(kind) if key is not None and thing.key == key), None)

    def check_keys(self) -> None:
        keys = Counter((thing.kind, thing.key) for thing in self.everything() if thing.key is not None)
        assert not keys or max(keys.values()) == 1, f"some have the same key: {keys.most_common(3)}"

    def of(self, kind: str) -> Iterator[Thing]:
        yield from self.things.get(kind, {}).values()

    def items(self, kind: str, owner: str) -> list[Thing]:
        """What one resource owns of a type, in order."""
        return sorted((thing for thing in self.of(kind) if thing.owner == owner), key=lambda thing: thing.at)

    def drop(self, thing: Thing) -> None:
        del self.things[thing.kind][thing.id]

    def everything(self) -> Iterator[Thing]:
        for things in self.things.values():
            yield from things.values()
