"""The fake service: a real server on a loopback port whose imports live in memory, and the wheel for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1.imports_pb2_grpc import add_ImportServiceServicer_to_server
from imports_client.testing import course
from imports_client.testing.documents import Fault
from imports_client.testing.imports import FakeImport
from imports_client.testing.names import parse_name
from imports_client.testing.pacing import RETRY_SECONDS
from imports_client.testing.refused import Refused
from imports_client.testing.servicer import FakeImportService
from imports_client.testing.world import World

STOP_SECONDS = 0.5
"""What open calls get to end, once they are told to."""

ServicerType = type[FakeImportService]


class FakeService:
    """The wheel. `target` is where the fake takes calls, for `imports_client.connect`.

    Methods take full names, `organizations/{organization}/imports/{import}`; they raise `LookupError` for an import
    that is not there and `ValueError` for a step that it cannot take, both mistakes of the test. What they do is told
    to watchers as the service tells it.
    """

    def __init__(self, target: str, world: World, runner: course.Runner) -> None:
        self.target = target
        self._world = world
        self._runner = runner

    def get(self, name: str) -> pb.Import:
        """The import as it is now."""
        return self._find(name).with_report()

    def start(self, name: str) -> pb.Import:
        """Take up a pending import: it is in progress, and none of its rows is done."""
        held = self._find(name)
        if held.message.status != pb.STATUS_PENDING:
            raise ValueError(f"{name} is not pending")
        self._expect_no_wait(held)
        course.start(self._world, held)
        return held.copy()

    def process(self, name: str, rows: int | None = None, *, failed: int = 0) -> pb.Import:
        """Finish the next rows, without a number all that are left; a pending import is started first.

        The last `failed` of them fail. Above 10 % failed rows no further row can be processed, unless the import
        has `skip_errors`: complete it, and it is interrupted.
        """
        held = self._unfinished(name)
        rows = held.rows_left if rows is None else rows
        if held.closing_reason is not None:
            raise ValueError(f"{name} is being interrupted; complete it")
        if not 0 <= failed <= rows <= held.rows_left:
            raise ValueError(f"{name} has {held.rows_left} rows left")
        self._expect_no_wait(held)
        if held.message.status == pb.STATUS_PENDING:
            course.start(self._world, held)
        course.process(self._world, held, rows, failed)
        return held.copy()

    def complete(self, name: str) -> pb.Import:
        """Take an import to its end: completed, or interrupted where a caller asked for that or too many rows
        failed."""
        held = self._unfinished(name)
        self._expect_no_wait(held)
        for _ in course.steps(self._world, held):
            pass
        return held.copy()

    def interrupt(
        self, name: str, reason: pb.StatusReason.ValueType = pb.STATUS_REASON_REQUESTED
    ) -> pb.Import:
        """End an import where it stands, for instance as the service does after a fault of its own."""
        held = self._unfinished(name)
        held.closing_reason = reason
        course.end(self._world, held)
        return held.copy()

    def expire(self, name: str) -> None:
        """Remove an import whose retention is over."""
        held, parts = self._find(name), parse_name(name)
        del self._world.organization(parts.organization).imports[parts.import_id]
        self._world.record(pb.KIND_DELETED, parts.organization, held.copy(), held)

    def fail_rows(
        self, *numbers: int, code: str = "invalid", attribute: str = "", message: str = "is invalid"
    ) -> None:
        """Let these rows fail in all imports that are created from now on; they add to those named before.

        They are numbered from 1.
        """
        if any(number < 1 for number in numbers):
            raise ValueError(f"rows are numbered from 1, and not {min(numbers)}")
        self._world.faults |= dict.fromkeys(numbers, Fault(code, attribute, message))

    def refuse(
        self,
        call: str,
        code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE,
        reason: str = "DATABASE_UNAVAILABLE",
        *,
        retry_seconds: float | None = RETRY_SECONDS,
        times: int = 1,
    ) -> None:
        """Refuse the next calls of this name, for instance `CreateImport`, before they do anything."""
        if not hasattr(FakeImportService, call):
            raise LookupError(f"there is no call {call}")
        refused = Refused(code, reason, f"{reason}, as the test wants it", retry_seconds=retry_seconds)
        self._world.refusals.setdefault(call, []).extend([refused] * times)

    def hold(self) -> None:
        """Let no import run by itself from now on; those that run stop where they are."""
        self._runner.is_held = True

    def release(self) -> None:
        """Let imports run by themselves again."""
        self._runner.is_held = False
        self._world.wake()

    def drop_connections(self) -> None:
        """End every open watch and wait as a restart of the service does: UNAVAILABLE, with RetryInfo."""
        self._world.cut_connections()

    def expire_events(self) -> None:
        """Forget all events so far: the tokens of watches that have not been told all of them are too old."""
        self._world.forget_events()

    def _find(self, name: str) -> FakeImport:
        try:
            parts = parse_name(name)
        except Refused as refused:
            raise LookupError(str(refused)) from None
        held = self._world.organization(parts.organization).imports.get(parts.import_id)
        if held is None:
            raise LookupError(f"there is no {name}")
        return held

    def _unfinished(self, name: str) -> FakeImport:
        held = self._find(name)
        if held.has_ended:
            raise ValueError(f"{name} has ended")
        return held

    def _expect_no_wait(self, held: FakeImport) -> None:
        """Raises `ValueError` for an import that waits for others to end: the service would not take it up."""
        name = held.message.name
        if self._world.organization(parse_name(name).organization).is_waiting(held):
            raise ValueError(f"{name} waits for imports of `spec.after` to end")


@asynccontextmanager
async def fake_service(
    *,
    by_hand: bool = False,
    heartbeat_seconds: float = 15.0,
    pace_seconds: float = 0.005,
    max_pending_imports: int = 1_000,
    servicer: ServicerType = FakeImportService,
) -> AsyncIterator[FakeService]:
    """Serve while the block lasts, on a free port of 127.0.0.1.

    Imports run by themselves, one after the other, in steps of `pace_seconds`; `by_hand` they wait for the test to
    take each of its steps. `servicer` is for fakes that differ in some calls.
    """
    world = World(max_pending_imports=max_pending_imports)
    runner = course.Runner(world, pace_seconds=pace_seconds, is_held=by_hand)
    server = grpc.aio.server()
    add_ImportServiceServicer_to_server(servicer(world, heartbeat_seconds), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    # A task and no group: test fixtures begin and end in different tasks.
    running = asyncio.create_task(runner.run(), name="runner of the fake")
    try:
        yield FakeService(f"127.0.0.1:{port}", world, runner)
    finally:
        running.cancel()
        await asyncio.wait([running])
        world.cut_connections()
        await server.stop(STOP_SECONDS)
    if not running.cancelled():
        running.result()  # it has failed: a bug of the fake
