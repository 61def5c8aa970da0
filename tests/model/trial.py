"""One row at work: a copy of the environment, what it has said so far, and the values that it gives itself."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.model.kinds import KINDS, Kind, Row
from tests.model.values import Refused, judged, lowered
from tests.model.world import Key, Thing, World


class Broken(Enum):
    """What is no value; it stays itself when the environment is copied."""

    BROKEN = "broken"


BROKEN = Broken.BROKEN
"""Stands for what could not be read or resolved; the row fails anyway."""


@dataclass(frozen=True)
class Said:
    """An issue: its code, and the names of which any one is right for it. `sure`: told from the row alone."""

    code: str
    names: frozenset[str]
    sure: bool = False

    def __str__(self) -> str:
        return f"{self.code} at {' or '.join(sorted(self.names)) or 'the row'}"


@dataclass
class Trial:
    """What the parts of a row's work share. Kept only if there are no errors at the end."""

    world: World
    moment: Any
    made: int
    errors: list[Said] = field(default_factory=list)
    warnings: list[Said] = field(default_factory=list)
    changed: bool = False

    def read(self, kind: Kind, given: Row, path: str) -> Row:
        """The plain values. References, tags and lists have their turn later."""
        values: Row = {}
        for name, value in given.items():
            if name in kind.attrs:
                read = judged(kind.attrs[name], value)
                if isinstance(read, Refused):
                    self.err(read.code, path + name, sure=not path)
                values[name] = BROKEN if isinstance(read, Refused) else read
            elif not _is_known(kind, name):
                self.warn("unknown_attribute", path + name)
        return values

    def touch(self, thing: Thing) -> None:
        thing.touched = True
        self.changed = True

    def new_id(self) -> str:
        self.made += 1
        return f"0made-{self.made:06d}"

    def err(self, code: str, *names: str, sure: bool = False) -> None:
        self.errors.append(Said(code, frozenset(names), sure))

    def warn(self, code: str, *names: str) -> None:
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
    inner = {
        f"{ref}.{part}"
        for ref in refs
        if kind.refs[ref].kind in KINDS
        for part in ("id", *KINDS[kind.refs[ref].kind].key)
    }
    return [path + each for each in {name, *pairs, *refs, *(f"{ref}_id" for ref in refs), *inner}]


def _is_known(kind: Kind, name: str) -> bool:
    references = {spelling for ref in kind.refs for spelling in (ref, f"{ref}_id")}
    tags = {"tags", "_add_tags", "_remove_tags"} if kind.has_tags else set()
    return name == "id" or name in references | tags | kind.lists.keys()
