"""The places that watchers have reached, and their tokens."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName
from imports_service.domain.tokens import TokenField, decode_token, encode_token

KIND = "watch-import"
KIND_OF_ALL = "watch-imports"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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


class Listed(NamedTuple):
    """How far the first snapshots have come: imports are told in the order of creation, then of their uids."""

    created_at: datetime
    uid: str

    @classmethod
    def of(cls, import_: Import) -> "Listed":
        return cls(import_.created_at, import_.uid)


class PlaceInAll(NamedTuple):
    """The organization's events up to `seq` have been told, as far as the filter of that digest lets them pass.

    While the first snapshots are being told this holds of imports up to `listed` only; None when all have been.
    """

    organization_id: str
    filter_digest: bytes
    seq: int
    listed: Listed | None

    @property
    def token(self) -> str:
        return encode_token(
            KIND_OF_ALL, self.organization_id, self.filter_digest, self.seq, *self._list_fields()
        )

    def _list_fields(self) -> tuple[TokenField, ...]:
        if self.listed is None:
            return ()
        return (self.listed.created_at - _EPOCH) // _MICROSECOND, UUID(self.listed.uid).bytes


def place_of(token: str, name: ImportName) -> Place:
    """The place of a token given by a watch of this import. Raises `InvalidArgument` for any other."""
    try:
        match decode_token(KIND, token):
            case (str(organization_id), str(import_id), bytes(uid), int(seq), int(version)) if (
                organization_id,
                import_id,
            ) == name and _are_numbers(seq, version):
                return Place(name, str(UUID(bytes=uid)), seq, version)
    except ValueError:
        raise invalid_token() from None
    raise invalid_token()


def place_in_all_of(token: str, organization_id: str, filter_digest: bytes) -> PlaceInAll:
    """The place of a token given by a watch of this organization under this filter.

    Raises `InvalidArgument` for any other.
    """
    try:
        fields = decode_token(KIND_OF_ALL, token)
        if fields[:2] != (organization_id, filter_digest):
            raise invalid_token()
        match fields[2:]:
            case (int(seq),) if _are_numbers(seq):
                return PlaceInAll(organization_id, filter_digest, seq, None)
            case (int(seq), int(created_at), bytes(uid)) if _are_numbers(seq):
                listed = Listed(_EPOCH + created_at * _MICROSECOND, str(UUID(bytes=uid)))
                return PlaceInAll(organization_id, filter_digest, seq, listed)
    except (ValueError, OverflowError):
        raise invalid_token() from None
    raise invalid_token()


def _are_numbers(*numbers: int) -> bool:
    """Whether the database could hold them."""
    return all(0 <= number < 2**63 for number in numbers)


def invalid_token() -> InvalidArgument:
    """The refusal of a token that no watch of this kind, of this name and under this filter gave."""
    return InvalidArgument(
        FieldViolation("resume_token", "is not a token of such a watch"), reason="RESUME_TOKEN_INVALID"
    )
