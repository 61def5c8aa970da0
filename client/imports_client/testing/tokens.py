"""Opaque tokens of watches and pages: a few numbers and texts, and a checksum over what they are bound to."""

import base64
import binascii
import hashlib
import json

from google.protobuf.message import Message

Bond = tuple[str, ...]
"""What a token belongs to, for instance the call, the organization and the filter. A token of another bond is
none."""

_VERSION = "1"
_CHECKSUM_BYTES = 9


def write_token(bond: Bond, *fields: str | int) -> str:
    """The token that holds the fields; texts must be short, since a token has at most 256 bytes."""
    body = json.dumps([_VERSION, *fields], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_checksum(bond, body) + body).decode().rstrip("=")


def read_token(bond: Bond, token: str) -> tuple[str | int, ...]:
    """The fields that `write_token` was given with the same bond. Raises `ValueError` for any other token."""
    try:
        data = base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no token of ours") from error
    checksum, body = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
    if not body or checksum != _checksum(bond, body):
        raise ValueError("no token of this bond")
    version, *fields = json.loads(body)
    if version != _VERSION:
        raise ValueError("a token of another version")
    return tuple(fields)


def digest_of(message: Message) -> str:
    """A short text that stands for a message, to bind tokens to it."""
    return hashlib.blake2s(message.SerializeToString(deterministic=True), digest_size=8).hexdigest()


def _checksum(bond: Bond, body: bytes) -> bytes:
    return hashlib.blake2s(json.dumps(bond).encode() + b"\0" + body, digest_size=_CHECKSUM_BYTES).digest()
