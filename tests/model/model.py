"""The sequential model: rows applied to an environment strictly one after the other, as semantics.md says it.

It knows no segments, no look-ups and no order of writing, and shares no code with the service. Each row works on a
copy of the environment that is kept only if nothing is wrong with the row: all of it, or nothing.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.model.kinds import KINDS, Kind, Row
from tests.model.nested import Nested
from tests.model.trial import BROKEN, Said, key_of, spellings
from tests.model.values import Refused, judged, lowered, same
from tests.model.world import Key, Thing, World


@dataclass
class Verdict:
    """What becomes of a row. `called` is the text of its key, None where the contract leaves it open."""

    outcome: str
    resource_id: str
    called: str | None
    errors: list[Said]
    warnings: list[Said]


class Model:
    """An organization. `moment` grows with every import, so that later resources come after earlier ones. `made`: how
    many ids were made up before, where those of several models come together."""

    def __init__(self, world: World | None = None, *, made: int = 0) -> None:
        self.world = copy.deepcopy(world) if world is not None else World()
        self._moment = 0
        self._made = made

    def run(self, kind: str, rows: Sequence[Any], *, segment_rows: int) -> list[Verdict]:
        """Apply the rows of one import. Segments matter for one thing: what they make is made at one time."""
        for thing in self.world.everything():
            thing.touched = False
        self._moment += 1
        return [
            self.take(KINDS[kind], row, number, (self._moment, place // segment_rows))
            for number, (place, row) in enumerate(enumerate(rows), start=1)
        ]

    def take(self, kind: Kind, row: Any, number: int, moment: Any = 0) -> Verdict:
        """Apply one row."""
        if not isinstance(row, dict):
            return Verdict("FAILED", "", f"row {number}", [Said("not_an_object", frozenset({""}), True)], [])
        doing = Doing(copy.deepcopy(self.world), moment, self._made)
        thing, is_new = doing.upsert(kind, row, "")
        called = _called(kind, row, number)
        if doing.errors:
            return Verdict("FAILED", "", called, doing.errors, doing.warnings)
        doing.world.check_keys()
        self.world, self._made = doing.world, doing.made
        outcome = "CREATED" if is_new else "UPDATED" if doing.changed else "UNCHANGED"
        return Verdict(outcome, thing.id, called, [], doing.warnings)


class Doing(Nested):
    """The upsert of one row, and of every object in it."""

    def upsert(
        self, kind: Kind, given: Row, path: str, *, owner: Thing | None = None, found: Thing | None = None
    ) -> tuple[Thing, bool]:
        """Create or update what the object `given` means; `found` when its owner's list has matched it already."""
        values = self.own_values(kind, given, path)
        if owner is not None:
            values |= {f"{name}_id": owner.id for name, ref in kind.refs.items() if ref.kind == owner.kind}
        key = key_of(kind, values)
        target = found or self.world.by_id(kind.name, given.get("id"))
        if target is None:
            target = self.world.by_key(kind.name, key)
            if target is not None and given.get("id"):
                self.warn("id_ignored", f"{path}id")
        values |= self._owned(kind, given, target, path)
        if target is not None:
            self.update(kind, target, given, values, path)
            self._apply_nested(kind, target, given, path)
            return target, False
        if kind.key and key is None and not given.get("id"):
            self.warn("no_key", path.rstrip("."), "")
        thing = self._create(kind, given, values, key, path, owner)
        self._apply_nested(kind, thing, given, path)
        return thing, True

    def own_values(self, kind: Kind, given: Row, path: str) -> Row:
        """What an object gives itself: attributes, and references as ids."""
        values = self.read(kind, given, path)
        for name, ref in kind.refs.items():
            self.refer(kind, name, ref, given, values, path)
        self.fill_pairs(kind, values, given, path)
        return values

    def _owned(self, kind: Kind, given: Row, target: Thing | None, path: str) -> Row:
        """The owned objects that the row gives, upserted."""
        return {
            f"{name}_id": self.own(ref.kind, given[name], f"{path}{name}", target, f"{name}_id")
            for name, ref in kind.refs.items()
            if ref.how == "owned" and isinstance(given.get(name), dict)
        }

    def _apply_nested(self, kind: Kind, thing: Thing, given: Row, path: str) -> None:
        if kind.has_tags:
            self.tag(thing, given, path)
        for name, items in kind.lists.items():
            if name in given:
                self.apply_list(thing, name, items, given[name], path)

    def _create(
        self, kind: Kind, given: Row, values: Row, key: Key | None, path: str, owner: Thing | None
    ) -> Thing:
        there = {name: value for name, value in values.items() if value is not None}
        defaults = {name: attr.default for name, attr in kind.attrs.items() if attr.default is not None}
        missing = [name for name, attr in kind.attrs.items() if attr.required and name not in values]
        missing += [
            f"{name}_id" for name, ref in kind.refs.items() if ref.required and f"{name}_id" not in values
        ]
        for name in dict.fromkeys([*missing, *kind.rules(defaults | there)]):
            self.err("required", f"{path}{name}", f"{path}{name.removesuffix('_id')}")
        thing_id = given["id"] if isinstance(given.get("id"), str) else self.new_id()
        thing = Thing(kind.name, thing_id, key, owner.id if owner else "", (self.moment, thing_id))
        thing.values = {name: value for name, value in (defaults | values).items() if value is not None}
        if kind.generated and kind.generated not in values:
            thing.values[kind.generated] = "(generated)"
        self.world.put(thing)
        self.changed = True
        return thing

    def update(self, kind: Kind, thing: Thing, given: Row, values: Row, path: str) -> None:
        changes = {
            name: value
            for name, value in values.items()
            if BROKEN in (value, old := thing.values.get(name))
            or not same(lowered(kind.attrs.get(name), old), lowered(kind.attrs.get(name), value))
        }
        for name in changes:
            self._refuse_change(kind, thing, name, given, path)
        for name, value in changes.items():
            thing.values[name] = value
            if value is None:
                del thing.values[name]
            self.touch(thing)
        key = key_of(kind, thing.values)
        if key != thing.key and "(generated)" not in (key or ()):
            other = self.world.by_key(kind.name, key)
            if other is not None and other is not thing:
                self.err(
                    "immutable_key",
                    *(spelling for part in kind.key for spelling in spellings(kind, part, path)),
                )
            thing.key = key

    def _refuse_change(self, kind: Kind, thing: Thing, name: str, given: Row, path: str) -> None:
        names = spellings(kind, name, path)
        was_set = thing.values.get(name) not in (None, "")
        ref = kind.refs.get(name.removesuffix("_id"))
        if name in kind.key and (was_set or thing.key is not None):
            self.err("immutable_key", *names)
        attr = kind.attrs.get(name)
        is_immutable = (ref is not None and ref.immutable) or (attr is not None and attr.immutable)
        is_said = name in given or name.removesuffix("_id") in given
        if is_immutable and was_set and is_said:
            self.err("immutable", *names)


def _called(kind: Kind, row: Row, number: int) -> str | None:
    """How logs and results call the row: its key, else its id, else its number."""
    parts = [lowered(kind.attrs.get(part), row.get(part)) for part in kind.key]
    if any(
        part in kind.attrs and isinstance(judged(kind.attrs[part], row.get(part)), Refused)
        for part in kind.key
    ):
        return None
    if parts and all(isinstance(part, str) and part for part in parts):
        return "/".join(parts)
    if any(row.get(spelling) is not None for part in kind.key for spelling in spellings(kind, part, "")):
        return None
    return f"id:{row['id']}" if row.get("id") else f"row {number}"


def totals(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many rows had each outcome."""
    counts = dict.fromkeys(("CREATED", "UPDATED", "UNCHANGED", "FAILED"), 0)
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    return counts
