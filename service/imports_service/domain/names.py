"""Resource names and identifiers: what is well-formed, and the names of an import's objects."""

import re
from typing import NamedTuple

from imports_service.domain.errors import FieldViolation, InvalidArgument

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IMPORT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ANY_ORGANIZATION = "-"


class ImportName(NamedTuple):
    organization_id: str
    import_id: str

    def __str__(self) -> str:
        return f"organizations/{self.organization_id}/imports/{self.import_id}"


def is_resource_id(text: str) -> bool:
    """Whether the text can be the id of a resource: 1 to 64 of A-Z, a-z, 0-9, `_` and `-`."""
    return _ID.fullmatch(text) is not None


def is_organization_id(text: str) -> bool:
    """Whether the text can be the id of an organization: as of a resource, but not `-`.

    In resource names a lone `-` means all organizations, which is not served: it must not name one by mistake.
    """
    return text != _ANY_ORGANIZATION and is_resource_id(text)


def is_import_id(text: str) -> bool:
    """Whether the text can be an import's id: 1 to 63 of a-z, 0-9 and `-`, not at either end."""
    return _IMPORT_ID.fullmatch(text) is not None


def parse_parent(parent: str, *, field: str = "parent") -> str:
    """The organization's id of `organizations/{organization}`. Raises `InvalidArgument`."""
    match parent.split("/"):
        case ["organizations", organization_id] if is_organization_id(organization_id):
            return organization_id
    raise InvalidArgument(FieldViolation(field, "must be organizations/{organization}"))


def parse_import_name(name: str, *, field: str = "name") -> ImportName:
    """The parts of `organizations/{organization}/imports/{import}`. Raises `InvalidArgument`."""
    match name.split("/"):
        case ["organizations", organization_id, "imports", import_id] if is_organization_id(
            organization_id
        ) and is_import_id(import_id):
            return ImportName(organization_id, import_id)
    raise InvalidArgument(FieldViolation(field, "must be organizations/{organization}/imports/{import}"))


def import_prefix(organization_id: str, uid: str) -> str:
    """Where every object of an import lives; ends with `/`."""
    return f"organizations/{organization_id}/imports/{uid}/"


def segment_object(organization_id: str, uid: str, segment: int) -> str:
    return f"{import_prefix(organization_id, uid)}segments/{segment}"


def outcomes_object(organization_id: str, uid: str) -> str:
    """The outcomes of an import that has ended, in the form that `outcome_object` knows."""
    return f"{import_prefix(organization_id, uid)}outcomes"


def file_object(organization_id: str, uid: str, lease_token: str, file: str) -> str:
    """Files carry the lease token of the closing that wrote them: a frozen closer can never overwrite a later one."""
    return f"{import_prefix(organization_id, uid)}files/{lease_token}/{file}"
