"""The place that a watcher of one import has reached, and its token."""

from typing import NamedTuple
from uuid import UUID

from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.names import ImportName
from imports_service.domain.tokens import decode_token, encode_token

KIND = "watch-import"


class Place(NamedTuple):
    """The organization's events up to `seq` and the import's states up to `version` have been told."""

    name: ImportName
    uid: str
    seq: int
    version: int

    @property
    def token(self) -> str:
        return encode_token(
            KIND, self.name.organization_id, self.name.import_id, UUID(self.uid).bytes, self.seq, self.version
        )


def place_of(token: str, name: ImportName) -> Place:
    """The place of a token given by a watch of this import. Raises `InvalidArgument` for any other."""
    try:
        match decode_token(KIND, token):
            case (str(organization_id), str(import_id), bytes(uid), int(seq), int(version)) if (
                organization_id,
                import_id,
            ) == name:
                return Place(name, str(UUID(bytes=uid)), seq, version)
    except ValueError:
        raise invalid_token() from None
    raise invalid_token()


def invalid_token() -> InvalidArgument:
    """The refusal of a token that no watch of this import gave."""
    return InvalidArgument(
        FieldViolation("resume_token", "is not a token of a watch of this import"),
        reason="RESUME_TOKEN_INVALID",
    )
