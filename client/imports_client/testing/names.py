"""Names and identifiers: what is well-formed, and new ones."""

import itertools
import re
import time
import uuid
from typing import NamedTuple

from imports_client.testing.refused import invalid

_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IMPORT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_BEGAN = time.time_ns() - time.monotonic_ns()
_numbers = itertools.count()


class Name(NamedTuple):
    """The parts of `organizations/{organization}/imports/{import}`."""

    organization: str
    import_id: str

    def __str__(self) -> str:
        return f"organizations/{self.organization}/imports/{self.import_id}"


def is_import_id(text: str) -> bool:
    """Whether the text can be an import's id."""
    return _IMPORT_ID.fullmatch(text) is not None


def is_resource_id(text: str) -> bool:
    """Whether the text can be a resource's id."""
    return _ORGANIZATION.fullmatch(text) is not None


def parse_parent(parent: str, field: str = "parent") -> str:
    """The organization of `organizations/{organization}`. Raises `Refused`."""
    match parent.split("/"):
        case ["organizations", organization] if _is_organization(organization):
            return organization
    raise invalid(field, "must be organizations/{organization}")


def parse_name(name: str, field: str = "name") -> Name:
    """The parts of an import's name. Raises `Refused`."""
    match name.split("/"):
        case ["organizations", organization, "imports", import_id] if _is_organization(
            organization
        ) and is_import_id(import_id):
            return Name(organization, import_id)
    raise invalid(field, "must be organizations/{organization}/imports/{import}")


def new_uid() -> str:
    """A UUIDv7; later ones of this process are greater."""
    milliseconds = (_BEGAN + time.monotonic_ns()) // 1_000_000
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | next(_numbers)))


def _is_organization(text: str) -> bool:
    return text != "-" and _ORGANIZATION.fullmatch(text) is not None
