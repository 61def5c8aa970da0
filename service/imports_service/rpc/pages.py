"""Pages: how large one is, and tokens that lead to the next one of the same request only."""

import hashlib

from google.protobuf.message import Message

from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.tokens import TokenField, decode_token, encode_token

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1_000
MAX_PAGE_BYTES = 2 * 1024 * 1024
"""Where a page is cut, whatever was asked for: a client accepts 4 MiB."""

_PAGING_FIELDS = ("page_token", "page_size")


def page_size_of(page_size: int) -> int:
    """How many items a page may have. Raises `InvalidArgument` when negative."""
    if page_size < 0:
        raise InvalidArgument(FieldViolation("page_size", "must not be negative"))
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


class PageTokens:
    """The tokens of one list request: of one kind, and bound to all fields but page_size and page_token."""

    def __init__(self, kind: str, request: Message) -> None:
        self._kind = kind
        others = type(request)()
        others.CopyFrom(request)
        for field in _PAGING_FIELDS:
            others.ClearField(field)
        self._bond = hashlib.blake2s(others.SerializeToString(deterministic=True), digest_size=8).digest()

    def token(self, *place: TokenField) -> str:
        """The token of the page that begins after the place."""
        return encode_token(self._kind, self._bond, *place)

    def place_of(self, token: str, *types: type[TokenField]) -> tuple[TokenField, ...]:
        """The place that the token holds, of these types. Raises `InvalidArgument` (PAGE_TOKEN_INVALID)."""
        try:
            bond, *place = decode_token(self._kind, token)
        except ValueError:
            raise invalid_page_token() from None
        fits = len(place) == len(types) and all(map(isinstance, place, types))
        if bond != self._bond or not fits:
            raise invalid_page_token()
        return tuple(place)


class PageSize:
    """Counts what a page takes, so that it is cut in time; the first item always fits."""

    def __init__(self, most_items: int) -> None:
        self.items_left = most_items
        self._bytes_left = MAX_PAGE_BYTES

    @property
    def is_full(self) -> bool:
        return self.items_left <= 0 or self._bytes_left <= 0

    def takes(self, message: Message) -> bool:
        """Whether the page still takes the message; then it is counted."""
        size_bytes = message.ByteSize()
        is_first = self._bytes_left == MAX_PAGE_BYTES
        if self.is_full or (size_bytes > self._bytes_left and not is_first):
            self._bytes_left = min(self._bytes_left, 0)
            return False
        self.items_left -= 1
        self._bytes_left -= size_bytes
        return True


def invalid_page_token() -> InvalidArgument:
    """The refusal of a token that was not given for this list, with these fields."""
    return InvalidArgument(
        FieldViolation("page_token", "is not a token of this list with these fields"),
        reason="PAGE_TOKEN_INVALID",
    )
