"""To-one references of a row: `<name>_id`, an object of key attributes, a shortcut, and what they come to together."""

from abc import abstractmethod
from typing import Any

from tests.model.kinds import KINDS, Kind, Ref, Row
from tests.model.trial import BROKEN, Trial, key_of
from tests.model.values import lowered
from tests.model.world import Thing


class References(Trial):
    """Resolves references to ids; says what is wrong with them."""

    @abstractmethod
    def upsert(
        self, kind: Kind, given: Row, path: str, *, owner: Thing | None = None, found: Thing | None = None
    ) -> tuple[Thing, bool]:
        """Create or update what an object means; whether it is new."""

    def refer(self, kind: Kind, name: str, ref: Ref, given: Row, values: Row, path: str) -> None:
        """Resolve `<name>_id` and `<name>`."""
        by_id, by_object = given.get(f"{name}_id", ...), given.get(name, ...)
        targets = []
        if by_id is not ...:
            targets.append(self._by_id(ref, by_id, f"{path}{name}_id"))
        if by_object is not ... and ref.how != "owned":
            targets.append(self._by_object(ref, by_object, f"{path}{name}"))
        if ref.how == "owned" and not isinstance(by_object, dict) and by_object is not ...:
            self.err("wrong_type" if by_object is not None else "required", f"{path}{name}")
            targets.append(BROKEN)
        if len(targets) == 2 and BROKEN not in targets and targets[0] != targets[1]:
            self.err("ambiguous_key", path + name, f"{path}{name}_id")
        if targets:
            values[f"{name}_id"] = BROKEN if BROKEN in targets else targets[0]
        if targets and targets[0] is None and ref.required:
            self.err("required", f"{path}{name}_id", path + name)

    def _by_id(self, ref: Ref, value: Any, at: str) -> Any:
        if value is None or ref.how == "opaque":
            return value
        if self.world.by_id(ref.kind, value) is None:
            self.err("must_exist", at)
            return BROKEN
        return value

    def _by_object(self, ref: Ref, value: Any, at: str) -> Any:
        """The id of what an object of key attributes names, upserted first where it is shared."""
        if value is None:
            return None
        if not isinstance(value, dict):
            self.err("wrong_type", at)
            return BROKEN
        kind = KINDS[ref.kind]
        by_id = self.world.by_id(kind.name, value.get("id"))
        if ref.how == "shared" and value.keys() != {"id"}:
            return self.upsert(kind, value, f"{at}.")[0].id
        if value.keys() == {"id"}:
            if by_id is None:
                self.err("must_exist", f"{at}.id")
            return by_id.id if by_id else BROKEN
        for name in value.keys() - {"id", *kind.key}:
            self.warn("unknown_attribute", f"{at}.{name}")
        key = key_of(kind, {part: value.get(part) for part in kind.key})
        by_key = self.world.by_key(kind.name, key)
        if by_id is None and by_key is not None and "id" in value:
            self.warn("id_ignored", f"{at}.id")
        if by_id is not None or by_key is not None:
            return (by_id or by_key).id  # type: ignore[union-attr]
        if key is None:
            lacking = [part for part in kind.key if not value.get(part) and part not in kind.may_lack]
            self.err("required", f"{at}.{lacking[0]}")
        else:
            self.err("must_exist", f"{at}.{kind.key[0]}")
        return BROKEN

    def fill_pairs(self, kind: Kind, values: Row, given: Row, path: str) -> None:
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
                    self.err("must_exist", path + shortcut)
                elif pointed is not ... and pointed != found.id:
                    self.err("ambiguous_key", path + shortcut, path + name, path + reference)
                values[reference] = BROKEN if found is None else found.id
        for shortcut, target_name in kind.unfilled.items():
            text = values.get(shortcut)
            if isinstance(text, str) and self.world.by_key(target_name, (text,)) is None:
                self.err("must_exist", path + shortcut)
