"""Opaque tokens: places that a caller hands back, in pages and in watches.

A token is a version byte, the fields as msgpack and a checksum, in URL-safe base64. The checksum is keyed by
the kind (at most 32 ASCII characters), so that a token of one call is foreign to every other. It guards
against mistakes, not against forgers: whoever reads a token must still be allowed to see what it leads to.
"""

import base64
import binascii
import hashlib

import msgspec

TokenField = str | int | bytes
MAX_TOKEN_BYTES = 256

_VERSION = 1
_CHECKSUM_BYTES = 8
_encoder = msgspec.msgpack.Encoder()


def encode_token(kind: str, *fields: TokenField) -> str:
    """The token of `kind` that holds the fields, in their order. Raises `ValueError` above 256 bytes."""
    body = bytes([_VERSION]) + _encoder.encode(fields)
    text = base64.urlsafe_b64encode(body + _checksum(kind, body)).rstrip(b"=").decode("ascii")
    if len(text) > MAX_TOKEN_BYTES:
        raise ValueError(f"a token of {len(text)} bytes is longer than {MAX_TOKEN_BYTES}")
    return text


def decode_token(kind: str, text: str) -> tuple[TokenField, ...]:
    """The fields of a token that `encode_token` made of this kind. Raises `ValueError` for anything else."""
    if not 0 < len(text) <= MAX_TOKEN_BYTES or not text.isascii():
        raise ValueError("no token of ours")
    try:
        token = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except binascii.Error as error:
        raise ValueError("no token of ours") from error
    body, checksum = token[:-_CHECKSUM_BYTES], token[-_CHECKSUM_BYTES:]
    if not body or checksum != _checksum(kind, body) or body[0] != _VERSION:
        raise ValueError("no token of ours")
    try:
        fields = msgspec.msgpack.decode(body[1:])
    except msgspec.MsgspecError as error:
        raise ValueError("no token of ours") from error
    if not isinstance(fields, list) or not all(isinstance(field, str | int | bytes) for field in fields):
        raise ValueError("no token of ours")
    return tuple(fields)


def _checksum(kind: str, body: bytes) -> bytes:
    return hashlib.blake2s(body, digest_size=_CHECKSUM_BYTES, key=kind.encode("ascii")).digest()
