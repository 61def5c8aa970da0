"""What stands in a row of other resources: tags, owned objects, owned lists (B1)."""

import copy
from abc import abstractmethod
from typing import Any

from tests.model.kinds import KINDS, Items, Kind, Row
from tests.model.references import References
from tests.model.trial import BROKEN, spellings
from tests.model.values import Refused, judged, same
from tests.model.world import Thing


class Nested(References):
    """Applies nested values to the resource that they are given for."""

    @abstractmethod
    def own_values(self, kind: Kind, given: Row, path: str) -> Row:
        """What an object gives itself: attributes and references."""

    @abstractmethod
    def update(self, kind: Kind, thing: Thing, given: Row, values: Row, path: str) -> None:
        """Change what the values change of a resource; says what can't be changed."""

    def own(self, kind_name: str, given: Row, at: str, holder: Thing | None, reference: str) -> Any:
        """The id of an owned object: with an id that one, else the one that the holder has, else a new one."""
        kind = KINDS[kind_name]
        if given.keys() == {"id"} and self.world.by_id(kind_name, given["id"]) is None:
            self.err("must_exist", f"{at}.id")
            return BROKEN
        held = (
            self.world.by_id(kind_name, holder.values.get(reference))
            if holder and "id" not in given
            else None
        )
        return self.upsert(kind, given, f"{at}.", found=held)[0].id

    def tag(self, thing: Thing, given: Row, path: str) -> None:
        names = set(thing.values.get("tags", []))
        if "tags" in given:
            names = set(self._named_tags(given["tags"], f"{path}tags"))
            if len(names) > 10:
                self.err("too_many_items", f"{path}tags")
        for added in _pieces(given.get("_add_tags")):
            names.add(self._tag_named(added, f"{path}_add_tags"))
        names -= set(_pieces(given.get("_remove_tags")))
        if sorted(names) != thing.values.get("tags", []):
            thing.values["tags"] = sorted(names)
            if not names:
                del thing.values["tags"]
            self.touch(thing)

    def _named_tags(self, given: Any, at: str) -> list[str]:
        if given is not None and not isinstance(given, list):
            self.err("wrong_type", at)
            return []
        names = []
        for place, item in enumerate(given or []):
            here = f"{at}[{place}]"
            if isinstance(item, str):
                names.append(self._tag_named(item, here))
            elif not isinstance(item, dict):
                self.err("wrong_type", here)
            elif item.keys() == {"id"} and self.world.by_id("tags", item["id"]) is None:
                self.err("must_exist", f"{here}.id")
            else:
                tag, _ = self.upsert(KINDS["tags"], item, f"{here}.")
                names.append(tag.values.get("name", ""))
        return [name for name in names if isinstance(name, str)]

    def _tag_named(self, name: str, at: str) -> str:
        read = judged(KINDS["tags"].attrs["name"], name)
        if isinstance(read, Refused):
            self.err(read.code, at)
        elif self.world.by_key("tags", (name,)) is None:
            self.upsert(KINDS["tags"], {"name": name}, "")
        return name

    def apply_list(self, owner: Thing, name: str, items: Items, given: Any, path: str) -> None:
        """The list given is the whole list: matched, updated, created; what is left over is removed."""
        kind, at = KINDS[items.kind], f"{path}{name}"
        given = [] if given is None else given
        if not isinstance(given, list):
            self.err("wrong_type", at)
            return
        if len(given) > items.most:
            self.err("too_many_items", at)
        no_objects = [place for place, item in enumerate(given) if not isinstance(item, dict)]
        for place in no_objects:
            self.err("wrong_type", f"{at}[{place}]")
        if no_objects:
            return
        left = self.world.items(kind.name, owner.id)
        matches = self._matches(kind, items, given, left, owner, at)
        for thing in left:
            self._remove(thing)
        for place, item in enumerate(given):
            found = matches.get(place)
            if found is not None and item.get("id") != found.id and self._is_barred(kind, found, item):
                self._remove(found)
                found = None
            before, self.changed = self.changed, False
            self.upsert(kind, item, f"{at}[{place}].", owner=owner, found=found)
            owner.touched = owner.touched or self.changed
            self.changed = self.changed or before

    def _matches(
        self, kind: Kind, items: Items, given: list[Row], left: list[Thing], owner: Thing, at: str
    ) -> dict[int, Thing]:
        """The items that are there already, by place. What is matched goes out of `left`."""
        matches: dict[int, Thing] = {}
        self._match_by_id(kind, given, left, owner, at, matches)
        if items.local_key:
            self._match_by_local_key(kind, items.local_key, given, left, at, matches)
        for place, item in enumerate(given):
            if place not in matches and not item.get("id") and left:
                matches[place] = left.pop(0)
        return matches

    def _match_by_id(
        self,
        kind: Kind,
        given: list[Row],
        left: list[Thing],
        owner: Thing,
        at: str,
        matches: dict[int, Thing],
    ) -> None:
        ids = [item.get("id") for item in given]
        for place, thing_id in enumerate(ids):
            known = self.world.by_id(kind.name, thing_id)
            is_twin = bool(thing_id) and thing_id in ids[:place]
            if is_twin or (known is not None and known.owner != owner.id):
                self.err("invalid", f"{at}[{place}].id")
            elif known is not None:
                matches[place] = known
                left.remove(known)

    def _match_by_local_key(
        self,
        kind: Kind,
        local_key: str,
        given: list[Row],
        left: list[Thing],
        at: str,
        matches: dict[int, Thing],
    ) -> None:
        names = [self._alone(kind, item)[1].get(local_key) for item in given]
        for place, name in enumerate(names):
            if name is None or name is BROKEN:
                continue
            if kind.key and name in names[:place]:
                self.err("invalid", *spellings(kind, local_key, f"{at}[{place}]."))
            if place in matches:
                continue
            namesakes = [thing for thing in left if same(thing.values.get(local_key), name)]
            found = next((one for one in namesakes if not self._is_barred(kind, one, given[place])), None)
            if found is not None:
                matches[place] = found
                left.remove(found)
                if given[place].get("id"):
                    self.warn("id_ignored", f"{at}[{place}].id")

    def _is_barred(self, kind: Kind, found: Thing, item: Row) -> bool:
        """Whether the item would change of `found` what can't be changed, so that a new one takes its place."""
        trial, values = self._alone(kind, item)
        known = trial.world.by_id(kind.name, found.id)
        assert known is not None
        trial.errors.clear()
        trial.update(kind, known, item, values, "")
        return any(said.code in {"immutable", "immutable_key"} for said in trial.errors)

    def _alone(self, kind: Kind, item: Row) -> tuple["Nested", Row]:
        """What an item gives itself, read on a copy of all this, which is given too."""
        trial = copy.deepcopy(self)
        return trial, trial.own_values(kind, item, "")

    def _remove(self, thing: Thing) -> None:
        for items in KINDS[thing.kind].lists.values():
            for inner in self.world.items(items.kind, thing.id):
                self._remove(inner)
        self.world.drop(thing)
        self.changed = True


def _pieces(text: Any) -> list[str]:
    return [piece for piece in text.split(",") if piece] if isinstance(text, str) else []
