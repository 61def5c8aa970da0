"""What a resource type consists of: its attributes and its relationships, as the data file states them.

Shapes only. Which of the rules are judged, and when, is decided where rows are checked; nothing here looks
at a row.
"""

from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

Scalar = bool | int | float | str

# Enough to tell an address from a slip: what stands on both sides of one @ and is neither blank nor control character.
_EMAIL = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"


class AttributeType(StrEnum):
    """The words that callers see. Datetimes are RFC 3339; an object is any JSON object, kept as one value."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    OBJECT = "object"


class _Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What attributes and relationships have in common: a name and when it must be given.

    The conditions name other attributes: `required_when` and `required_unless` with the value that counts,
    `required_without` those of which one will do.
    """

    name: str
    required: bool = False
    required_when: dict[str, Scalar] = {}
    required_unless: dict[str, Scalar] = {}
    required_without: tuple[str, ...] = ()
    immutable: bool = False
    deprecated: bool = False

    @property
    def nullable(self) -> bool:
        """Whether null clears it; what is required, if not by its row then by its import, can never be null."""
        return not self.required and self.required_without != ("parent_resource_id",)


class Attribute(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One settable attribute. Lengths are in characters, bounds are of the value; `above` is exclusive.

    `default` is UNSET when there is none. A `switch` can only be turned on, by true, and ends with the trigger
    `ended_by`; off is how it is when nothing is stored.
    `refers_to` is `<type>.<attribute>` of a shortcut, and `fills` the
    input key of the relationship that the shortcut stands for, "" when it stands for none.
    """

    type: AttributeType
    enum: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    minimum: int | None = None
    above: float | None = None
    pattern: str = ""
    default: Scalar | UnsetType = UNSET
    only_with: dict[str, Scalar] = {}
    generated: bool = False
    write_only: bool = False
    secret: bool = False
    email: bool = False
    trigger: bool = False
    switch: bool = False
    ended_by: str = ""
    refers_to: str = ""
    fills: str = ""

    @property
    def whole_pattern(self) -> str:
        """The regular expression that a whole text matches from its beginning to its very end; "" for any text."""
        pattern = self.pattern or (_EMAIL if self.email else "")
        return pattern.removesuffix("$") + r"\Z" if pattern else ""

    @property
    def target_type(self) -> str:
        """The type that a shortcut refers to, "" for any other attribute."""
        return self.refers_to.partition(".")[0]

    @property
    def target_attribute(self) -> str:
        """The attribute by which a shortcut names its target, "" for any other attribute."""
        return self.refers_to.partition(".")[2]


class Relationship(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One relationship. `types` are all that it may point to, `importable` those of them whose rows we hold.

    `nested`: objects in its place are made with the row and belong to it ("owned"), are upserted by their key
    ("shared"), or name what exists (""). `items` is the importable type of a list's items, and `local_key` the
    attribute by which they are told apart within their owner, "" where there is none. `key` is the one attribute
    of the key of what is shared.
    """

    types: tuple[str, ...]
    importable: tuple[str, ...] = ()
    many: bool = False
    owner: bool = False
    nested: Literal["", "owned", "shared"] = ""
    items: str = ""
    local_key: str = ""
    key: str = ""
    max_items: int | None = None
    type_from: str = ""

    @property
    def nullable(self) -> bool:
        """Whether null clears it; what belongs to an owner always has one."""
        return super().nullable and not self.owner

    @property
    def input_key(self) -> str:
        """The name under which a row gives it: `<name>_id`, or the name itself for lists."""
        return self.name if self.many else f"{self.name}_id"

    @property
    def nested_type(self) -> str:
        """The type of the resources that are nested in its place."""
        return self.items or self.importable[0]

    @property
    def checked(self) -> bool:
        """Whether what it points to must exist in the environment."""
        return bool(self.importable)
