"""Fakes that take the wrong tokens for right, or right ones for wrong."""

import base64
import json
from collections.abc import AsyncGenerator, Iterable

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.names import parse_parent
from imports_client.testing.organization_watch import LISTED
from imports_client.testing.refused import Refused
from imports_client.testing.tokens import digest_of, write_token
from tests.conformance.mutants.mutant import (
    AllAltered,
    Alteration,
    Breakable,
    Context,
    Event,
    OneAltered,
    breaks,
)

CHECKSUM_BYTES = 9
ONE, ALL = (str, int, int), (int, str)
"""What tokens of the two watches hold."""


def fields_of(token: str) -> list[str | int]:
    """What a token holds, whatever it is bound to; nothing when it is none."""
    try:
        body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[CHECKSUM_BYTES:]
        return [*json.loads(body)[1:]]
    except ValueError:
        return []


def is_of(kind: tuple[type, ...], token: str) -> bool:
    return tuple(type(field) for field in fields_of(token)) == kind


class Tokens(Breakable):
    """Looks at the tokens of both watches before the watches do."""

    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        if request.resume_token:
            request.resume_token = self.token_for_one(request)
        async for event in super().WatchImport(request, context):
            yield event

    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        if request.resume_token:
            request.resume_token = self.token_for_all(request)
        async for event in super().WatchImports(request, context):
            yield event

    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        return request.resume_token

    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        return request.resume_token


@breaks("tokens/garbage")
class GarbageIsNothing(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        return request.resume_token if fields_of(request.resume_token) else ""


@breaks("tokens/garbage")
class GarbageIsNothingForAll(Tokens):
    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        return request.resume_token if fields_of(request.resume_token) else ""


@breaks("tokens/of-another-import", "tokens/of-another-organization")
class BoundToNoImport(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        if not is_of(ONE, request.resume_token):
            return request.resume_token
        return write_token(("watch-import", request.name), *fields_of(request.resume_token))


@breaks("tokens/of-another-filter")
class BoundToNoFilter(Tokens):
    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        if not is_of(ALL, request.resume_token):
            return request.resume_token
        bond = ("watch-imports", parse_parent(request.parent), digest_of(request.filter))
        return write_token(bond, *fields_of(request.resume_token))


@breaks("tokens/of-another-organization")
class BoundToNoOrganization(BoundToNoFilter):
    """The same: the token is bound to nothing."""


@breaks("tokens/of-another-call")
class OtherCallsTokensAreNone(Tokens):
    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        return "" if is_of(ONE, request.resume_token) else request.resume_token


@breaks("tokens/of-another-call")
class OtherCallsTokensAreNoneForOne(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        return "" if is_of(ALL, request.resume_token) else request.resume_token


@breaks("tokens/small")
class LargeTokens(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        event.resume_token = event.resume_token.ljust(257, "A")
        return [event]


@breaks("tokens/small")
class NoTokenInSynced(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind == pb.KIND_SYNCED:
            event.ClearField("resume_token")
        return [event]


@breaks("resume/from-every-token", "organization/resume")
class AlwaysAfresh(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        return ""

    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        return ""


@breaks("resume/from-every-token")
class TokenOfTheEventBefore(OneAltered):
    def alteration(self, request: pb.WatchImportRequest) -> Alteration:
        return _late()


@breaks("organization/resume")
class TokenOfTheEventBeforeForAll(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        return _late()


def _late() -> Alteration:
    last = ""

    def alter(number: int, event: Event) -> Iterable[Event]:
        nonlocal last
        last, event.resume_token = event.resume_token, last or event.resume_token
        return [event]

    return alter


@breaks("resume/from-the-terminal-token")
class SnapshotAfterTheEnd(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        try:
            return "" if self.held(request.name).has_ended else request.resume_token
        except Refused:
            return request.resume_token


@breaks("resume/after-a-restart", "organization/after-a-restart")
class TokensDieWithTheServer(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        return "" if self.world.connections else request.resume_token

    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        return "" if self.world.connections else request.resume_token


@breaks("resume/expired", "organization/expired")
class NothingExpires(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        for organization in self.world.organizations.values():
            organization.floor = 0
        return request.resume_token

    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        self.world.organization(parse_parent(request.parent)).floor = 0
        return request.resume_token


@breaks("deletion/name-taken-over")
class TheNameCounts(Tokens):
    def token_for_one(self, request: pb.WatchImportRequest) -> str:
        uid, *_ = fields_of(request.resume_token)
        held = self.held(request.name)
        return "" if held.message.uid != uid else request.resume_token


@breaks("organization/resume-within-first-snapshots")
class FirstSnapshotsAgain(Tokens):
    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        return "" if fields_of(request.resume_token)[-1] != LISTED else request.resume_token


@breaks("organization/resume-within-first-snapshots")
class OneFirstSnapshotIsAll(Tokens):
    """A token within the first snapshots stands for all of them."""

    def token_for_all(self, request: pb.WatchImportsRequest) -> str:
        seq, _ = fields_of(request.resume_token)
        bond = ("watch-imports", parse_parent(request.parent), digest_of(request.filter))
        return write_token(bond, seq, LISTED)
