"""The sequential model: rows applied to an environment strictly one after the other, as semantics.md says it.

It knows no segments, no look-ups and no order of writing, and shares no code with the service. Each row works on a
copy of the environment that is kept only if nothing is wrong with the row: all of it, or nothing.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.model.kinds import KINDS, Kind, Ref, Row
from tests.model.values import Refused, judged, lowered, same
from tests.model.world import Key, Thing, World

BROKEN = object()
"""Stands for what could not be resolved; the row fails anyway."""


@dataclass(frozen=True)
class Said:
    """An issue: its code, and the names of which any one is right for it. `sure`: told from the row alone."""

    code: str
    names: frozenset[str]
    sure: bool = False

    def __str__(self) -> str:
        return f"{self.code} at {' or '.join(sorted(self.names)) or 'the row'}"


@dataclass
class Verdict:
    """What becomes of a row. `called` is the text of its key, None where the contract leaves it open."""

    outcome: str
    resource_id: str
    called: str | None
    errors: list[Said]
    warnings: list[Said]


class Model:
    """An organization. `moment` grows with every import, so that later resources come after earlier ones."""

    def __init__(self, world: World | None = None) -> None:
        self.world = copy.deepcopy(world) if world is not None else World()
        self._moment = 0
        self._made = 0

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
        self.world, self._made = doing.world, doing.made
        outcome = "CREATED" if is_new else "UPDATED" if doing.changed else "UNCHANGED"
        return Verdict(outcome, thing.id, called, [], doing.warnings)


@dataclass
class Doing:
    """One row at work on a copy of the environment."""

    world: World
    moment: Any
    made: int
    errors: list[Said] = field(default_factory=list)
    warnings: list[Said] = field(default_factory=list)
    changed: bool = False

    # -- resources

    def upsert(
        self, kind: Kind, given: Row, path: str, *, owner: Thing | None = None, found: Thing | None = None
    ) -> tuple[Thing, bool]:
        """Create or update what the object `given` means; `found` when its owner's list has matched it already."""
        values = self._read(kind, given, path)
        target = found or self.world.by_id(kind.name, given.get("id"))
        if owner is not None:
            values |= {f"{name}_id": owner.id for name, ref in kind.refs.items() if ref.kind == owner.kind}
        for name, ref in kind.refs.items():
            self._refer(kind, name, ref, given, values, path)
        self._fill_pairs(kind, values, given, path)
        key = key_of(kind, values)
        if target is None:
            target = self.world.by_key(kind.name, key)
            if target is not None and given.get("id"):
                self._warn("id_ignored", f"{path}id")
        for name, ref in kind.refs.items():
            if ref.how == "owned" and isinstance(given.get(name), dict):
                values[f"{name}_id"] = self._own(ref.kind, given[name], f"{path}{name}", target, f"{name}_id")
        is_new = target is None
        if target is None:
            if kind.key and key is None and not given.get("id"):
                self._warn("no_key", path.rstrip("."), "")
            target = self._create(kind, given, values, key, path, owner)
        else:
            self._update(kind, target, given, values, path)
        if kind.has_tags:
            self._tag(target, given, path)
        for name, items in kind.lists.items():
            if name in given:
                self._list(target, name, items.kind, items.local_key, items.most, given[name], path)
        return target, is_new

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
            self._err("required", f"{path}{name}", f"{path}{name.removesuffix('_id')}")
        thing_id = given["id"] if isinstance(given.get("id"), str) else self._new_id()
        thing = Thing(kind.name, thing_id, key, owner.id if owner else "", (self.moment, thing_id))
        thing.values = {
            name: value for name, value in (defaults | values).items() if value is not None
        }
        if kind.generated and kind.generated not in values:
            thing.values[kind.generated] = "(generated)"
        self.world.put(thing)
        self.changed = True
        return thing

    def _update(self, kind: Kind, thing: Thing, given: Row, values: Row, path: str) -> None:
        changes = {
            name: value
            for name, value in values.items()
            if value is BROKEN
            or not same(
                lowered(kind.attrs.get(name), thing.values.get(name)), lowered(kind.attrs.get(name), value)
            )
        }
        for name in changes:
            self._refuse_change(kind, thing, name, given, path)
        for name, value in changes.items():
            thing.values[name] = value
            if value is None:
                del thing.values[name]
            self._touch(thing)
        key = key_of(kind, thing.values)
        if key != thing.key and "(generated)" not in (key or ()):
            other = self.world.by_key(kind.name, key)
            if other is not None and other is not thing:
                self._err("immutable_key", *(spelling for part in kind.key for spelling in spellings(kind, part, path)))
            thing.key = key

    def _refuse_change(self, kind: Kind, thing: Thing, name: str, given: Row, path: str) -> None:
        names = spellings(kind, name, path)
        was_set = thing.values.get(name) not in (None, "")
        ref = kind.refs.get(name.removesuffix("_id"))
        if name in kind.key and (was_set or thing.key is not None):
            self._err("immutable_key", *names)
        attr = kind.attrs.get(name)
        is_immutable = (ref is not None and ref.immutable) or (attr is not None and attr.immutable)
        is_said = name in given or name.removesuffix("_id") in given
        if is_immutable and was_set and is_said:
            self._err("immutable", *names)

    # -- what stands in a row

    def _read(self, kind: Kind, given: Row, path: str) -> Row:
        """The plain values. References, tags and lists have their turn later."""
        values: Row = {}
        for name, value in given.items():
            if name in kind.attrs:
                read = judged(kind.attrs[name], value)
                if isinstance(read, Refused):
                    self._err(read.code, path + name, sure=not path)
                values[name] = BROKEN if isinstance(read, Refused) else read
            elif not _is_known(kind, name):
                self._warn("unknown_attribute", path + name)
        return values

    def _refer(self, kind: Kind, name: str, ref: Ref, given: Row, values: Row, path: str) -> None:
        """Resolve `<name>_id` and `<name>`."""
        by_id, by_object = given.get(f"{name}_id", ...), given.get(name, ...)
        targets = []
        if by_id is not ...:
            targets.append(self._by_id(ref, by_id, f"{path}{name}_id"))
        if by_object is not ... and ref.how != "owned":
            targets.append(self._by_object(ref, by_object, f"{path}{name}"))
        if ref.how == "owned" and not isinstance(by_object, dict) and by_object is not ...:
            self._err("wrong_type" if by_object is not None else "required", f"{path}{name}")
            targets.append(BROKEN)
        if len(targets) == 2 and BROKEN not in targets and targets[0] != targets[1]:
            self._err("ambiguous_key", path + name, f"{path}{name}_id")
        if targets:
            values[f"{name}_id"] = BROKEN if BROKEN in targets else targets[0]
        if targets and targets[0] is None and ref.required:
            self._err("required", f"{path}{name}_id", path + name)

    def _by_id(self, ref: Ref, value: Any, at: str) -> Any:
        if value is None or ref.how == "opaque":
            return value
        if self.world.by_id(ref.kind, value) is None:
            self._err("must_exist", at)
            return BROKEN
        return value

    def _by_object(self, ref: Ref, value: Any, at: str) -> Any:
        """The id of what an object of key attributes names, upserted first where it is shared."""
        if value is None:
            return None
        if not isinstance(value, dict):
            self._err("wrong_type", at)
            return BROKEN
        kind = KINDS[ref.kind]
        by_id = self.world.by_id(kind.name, value.get("id"))
        if ref.how == "shared" and value.keys() != {"id"}:
            return self.upsert(kind, value, f"{at}.")[0].id
        if value.keys() == {"id"}:
            if by_id is None:
                self._err("must_exist", f"{at}.id")
            return by_id.id if by_id else BROKEN
        for name in value.keys() - {"id", *kind.key}:
            self._warn("unknown_attribute", f"{at}.{name}")
        key = key_of(kind, {part: value.get(part) for part in kind.key})
        by_key = self.world.by_key(kind.name, key)
        if by_id is None and by_key is not None and "id" in value:
            self._warn("id_ignored", f"{at}.id")
        if by_id is not None or by_key is not None:
            return (by_id or by_key).id  # type: ignore[union-attr]
        if key is None:
            lacking = [part for part in kind.key if not value.get(part) and part not in kind.may_lack]
            self._err("required", f"{at}.{lacking[0]}")
        else:
            self._err("must_exist", f"{at}.{kind.key[0]}")
        return BROKEN

    def _fill_pairs(self, kind: Kind, values: Row, given: Row, path: str) -> None:
        """A shortcut and its reference say the same; the one that is not given is filled in."""
        for shortcut, name in kind.shortcuts.items():
            reference, target = f"{name}_id", KINDS[kind.refs[name].kind]
            text, pointed = values.get(shortcut, ...), values.get(reference, ...)
            if text is ... and pointed is ...:
                continue
            if text is BROKEN or pointed is BROKEN:
                values[shortcut] = values[reference] = BROKEN
            elif text is ... or text is None:
                found = self.world.by_id(target.name, pointed) if pointed is not ... else None
                values[reference] = None if found is None else found.id
                values[shortcut] = None if found is None else found.values.get(target.key[0])
            else:
                found = self.world.by_key(target.name, (lowered(target.attrs[target.key[0]], text),))
                if found is None:
                    self._err("must_exist", path + shortcut)
                elif pointed is not ... and pointed != found.id:
                    self._err("ambiguous_key", path + shortcut, path + name, path + reference)
                values[reference] = BROKEN if found is None else found.id
        for shortcut, target_name in kind.unfilled.items():
            text = values.get(shortcut)
            if isinstance(text, str) and self.world.by_key(target_name, (text,)) is None:
                self._err("must_exist", path + shortcut)

    # -- what stands in a row of other resources

    def _own(self, kind_name: str, given: Row, at: str, holder: Thing | None, reference: str) -> Any:
        """The id of an owned object: with an id that one, else the one that the holder has, else a new one."""
        kind = KINDS[kind_name]
        if given.keys() == {"id"} and self.world.by_id(kind_name, given["id"]) is None:
            self._err("must_exist", f"{at}.id")
            return BROKEN
        held = self.world.by_id(kind_name, holder.values.get(reference)) if holder and "id" not in given else None
        return self.upsert(kind, given, f"{at}.", found=held)[0].id

    def _tag(self, thing: Thing, given: Row, path: str) -> None:
        names = set(thing.values.get("tags", []))
        if "tags" in given:
            names = set(self._named_tags(given["tags"], f"{path}tags"))
            if len(names) > 10:
                self._err("too_many_items", f"{path}tags")
        for added in _pieces(given.get("_add_tags")):
            names.add(self._tag_named(added, f"{path}_add_tags"))
        names -= set(_pieces(given.get("_remove_tags")))
        if sorted(names) != thing.values.get("tags", []):
            thing.values["tags"] = sorted(names)
            if not names:
                del thing.values["tags"]
            self._touch(thing)

    def _named_tags(self, given: Any, at: str) -> list[str]:
        if given is not None and not isinstance(given, list):
            self._err("wrong_type", at)
            return []
        names = []
        for place, item in enumerate(given or []):
            here = f"{at}[{place}]"
            if isinstance(item, str):
                names.append(self._tag_named(item, here))
            elif not isinstance(item, dict):
                self._err("wrong_type", here)
            elif item.keys() == {"id"} and self.world.by_id("tags", item["id"]) is None:
                self._err("must_exist", f"{here}.id")
            else:
                tag, _ = self.upsert(KINDS["tags"], item, f"{here}.")
                names.append(tag.values.get("name", ""))
        return [name for name in names if isinstance(name, str)]

    def _tag_named(self, name: str, at: str) -> str:
        read = judged(KINDS["tags"].attrs["name"], name)
        if isinstance(read, Refused):
            self._err(read.code, at)
        elif self.world.by_key("tags", (name,)) is None:
            self.upsert(KINDS["tags"], {"name": name}, "")
        return name

    def _list(
        self, owner: Thing, name: str, kind_name: str, local_key: str, most: int, given: Any, path: str
    ) -> None:
        """The list given is the whole list: matched, updated, created; what is left over is removed."""
        kind, at = KINDS[kind_name], f"{path}{name}"
        if given is not None and not isinstance(given, list):
            self._err("wrong_type", at)
            return
        given = given or []
        if len(given) > most:
            self._err("too_many_items", at)
        for place, item in enumerate(given):
            if not isinstance(item, dict):
                self._err("wrong_type", f"{at}[{place}]")
        if not all(isinstance(item, dict) for item in given):
            return
        left = self.world.items(kind_name, owner.id)
        matches = self._matches(kind, local_key, given, left, owner, at)
        for thing in left:
            self._remove(thing)
        for place, item in enumerate(given):
            found = matches.get(place)
            if found is not None and item.get("id") != found.id and self._is_barred(kind, found, item):
                self._remove(found)
                found = None
            before, self.changed = self.changed, False
            self.upsert(kind, item, f"{at}[{place}].", owner=owner, found=found)
            if self.changed:
                owner.touched = True
            self.changed = self.changed or before

    def _matches(
        self, kind: Kind, local_key: str, given: list[Row], left: list[Thing], owner: Thing, at: str
    ) -> dict[int, Thing]:
        """By id, then by local key, then in order among what is left. Takes what it matches out of `left`."""
        matches: dict[int, Thing] = {}
        ids = [item.get("id") for item in given]
        for place, thing_id in enumerate(ids):
            known = self.world.by_id(kind.name, thing_id)
            if (known is not None and known.owner != owner.id) or (thing_id and thing_id in ids[:place]):
                self._err("invalid", f"{at}[{place}].id")
            elif known in left:
                matches[place] = known
                left.remove(known)
        names = [self._local_name(kind, local_key, item) for item in given]
        for place, name in enumerate(names):
            if name is None or place in matches:
                continue
            if kind.key and name in names[:place]:
                self._err("invalid", *spellings(kind, local_key, f"{at}[{place}]."))
            same_name = [thing for thing in left if same(thing.values.get(local_key), name)]
            if same_name:
                matches[place] = same_name[0]
                left.remove(same_name[0])
                if ids[place]:
                    self._warn("id_ignored", f"{at}[{place}].id")
        for place in range(len(given)):
            if place not in matches and not ids[place] and left:
                matches[place] = left.pop(0)
        return matches

    def _local_name(self, kind: Kind, local_key: str, item: Row) -> Any:
        """The item's local key, whichever way it is given."""
        if not local_key:
            return None
        trial = Doing(self.world, self.moment, self.made)
        values = trial._read(kind, item, "")
        for name, ref in kind.refs.items():
            trial._refer(kind, name, ref, item, values, "")
        trial._fill_pairs(kind, values, item, "")
        return None if values.get(local_key) is BROKEN else values.get(local_key)

    def _is_barred(self, kind: Kind, found: Thing, item: Row) -> bool:
        """Whether the item would change of `found` what can't be changed, so that a new one takes its place."""
        trial = copy.deepcopy(Doing(self.world, self.moment, self.made))
        known = trial.world.by_id(kind.name, found.id)
        values = trial._read(kind, item, "")
        for name, ref in kind.refs.items():
            trial._refer(kind, name, ref, item, values, "")
        trial._fill_pairs(kind, values, item, "")
        trial.errors.clear()
        assert known is not None
        trial._update(kind, known, item, values, "")
        return any(said.code in {"immutable", "immutable_key"} for said in trial.errors)

    def _remove(self, thing: Thing) -> None:
        for items in KINDS[thing.kind].lists.values():
            for inner in self.world.items(items.kind, thing.id):
                self._remove(inner)
        self.world.drop(thing)
        self.changed = True

    # -- notes

    def _touch(self, thing: Thing) -> None:
        thing.touched = True
        self.changed = True

    def _new_id(self) -> str:
        self.made += 1
        return f"0made-{self.made:06d}"

    def _err(self, code: str, *names: str, sure: bool = False) -> None:
        self.errors.append(Said(code, frozenset(names), sure))

    def _warn(self, code: str, *names: str) -> None:
        self.warnings.append(Said(code, frozenset(names)))


def key_of(kind: Kind, values: Row) -> Key | None:
    """The unique key that the values make, None when a part is missing."""
    parts = [lowered(kind.attrs.get(part), values.get(part)) for part in kind.key]
    lacks = [
        part for part, value in zip(kind.key, parts, strict=True) if not value and part not in kind.may_lack
    ]
    return None if not kind.key or lacks or BROKEN in parts else tuple(part or None for part in parts)


def spellings(kind: Kind, name: str, path: str) -> list[str]:
    """The names under which a row may have given a value: itself, its reference, the shortcut to that."""
    base = name.removesuffix("_id")
    pairs = {shortcut: ref for shortcut, ref in kind.shortcuts.items() if ref == base or shortcut == name}
    refs = {base, *pairs.values()} & kind.refs.keys()
    inner = {f"{ref}.{part}" for ref in refs if kind.refs[ref].kind in KINDS for part in ("id", *KINDS[kind.refs[ref].kind].key)}
    return [path + each for each in {name, *pairs, *refs, *(f"{ref}_id" for ref in refs), *inner}]


def _is_known(kind: Kind, name: str) -> bool:
    references = {spelling for ref in kind.refs for spelling in (ref, f"{ref}_id")}
    tags = {"tags", "_add_tags", "_remove_tags"} if kind.has_tags else set()
    return name == "id" or name in references | tags | kind.lists.keys()


def _pieces(text: Any) -> list[str]:
    return [piece for piece in text.split(",") if piece] if isinstance(text, str) else []


def _called(kind: Kind, row: Row, number: int) -> str | None:
    """How logs and results call the row: its key, else its id, else its number."""
    parts = [lowered(kind.attrs.get(part), row.get(part)) for part in kind.key]
    if any(part in kind.attrs and isinstance(judged(kind.attrs[part], row.get(part)), Refused) for part in kind.key):
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
