"""What a row brings along beside its own values: references given as objects, resources nested in it, lists of them.

Shapes only. They are read by `domain.nested_reader`, and what they do is the fold's business. A path is how a row
calls something in it, `line_items[2].quantity`; the row itself has the path "".
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.attributes import Relationship
from imports_service.domain.shapes import Shape

MAX_ITEMS = 1_000
"""Nested items that a row may have, on all levels together."""


class Target(msgspec.Struct, gc=False):
    """A reference by the key of what it points to: `{"code": "eur"}`.

    `parts`: the attributes of the key that were given, a reference among them as its id or as a target again.
    `resource_id` is None unless the object has an id beside them.
    """

    relationship: Relationship
    path: str
    parts: "dict[str, str | Target | None]"
    resource_id: str | None = None


class Given(msgspec.Struct, gc=False):
    """One object of a row: the row itself, or one nested in it. `is_text`: its key alone stood there as a text."""

    shape: Shape
    values: Any
    path: str = ""
    nested: "Nested | None" = None
    is_text: bool = False

    @property
    def only_names(self) -> bool:
        """Whether it says nothing of the resource but which one it is."""
        key = self.shape.resource_type.unique_key
        return self.nested is None and all(
            getattr(self.values, name) is UNSET for name in self.shape.fields if name not in key
        )

    def path_of(self, name: str) -> str:
        """How the row calls one of the object's attributes."""
        if self.nested is not None:
            name = self.nested.names.get(name, name)
        return self.path if self.is_text else joined(self.path, name)


class Nested(msgspec.Struct, gc=False):
    """What one object nests. Names that were not given are not in there.

    `names`: input keys that were given in the form of an object, with the name that they have there. `targets`: by
    input key. `objects`: owned or shared resources, by relationship. `lists`: owned items, by list, all there are to
    be. `shared`: the same of lists of shared resources; `added` and `removed` change these. `switches` that are
    turned on or off. `triggers`: values of triggers on which other attributes depend.
    """

    names: dict[str, str] = {}
    targets: dict[str, Target] = {}
    objects: dict[str, Given] = {}
    lists: dict[str, list[Given]] = {}
    shared: dict[str, list[Given]] = {}
    added: dict[str, list[Given]] = {}
    removed: dict[str, list[str]] = {}
    switches: dict[str, bool] = {}
    triggers: dict[str, Any] = {}

    def everything(self) -> Iterator[Given]:
        """All resources nested right below, in the order of their kinds."""
        yield from self.objects.values()
        for items in (*self.shared.values(), *self.added.values(), *self.lists.values()):
            yield from items


def joined(path: str, name: str) -> str:
    """The path of a member of what has the path."""
    return f"{path}.{name}" if path else name


def walk(given: Given) -> Iterator[Given]:
    """The object and everything nested in it, on all levels."""
    yield given
    if given.nested is not None:
        for inner in given.nested.everything():
            yield from walk(inner)
