"""Where one check plays: an organization of its own, what it creates there, and the watches that it opens."""

import asyncio
import secrets
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import grpc
from google.protobuf.duration_pb2 import Duration

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.refusals import Refusal, refusal_of
from imports_client.testing.conformance.guarantees import Broken, Guarantee
from imports_client.testing.conformance.subject import Subject
from imports_client.testing.conformance.watching import Watching

if TYPE_CHECKING:
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub

Answer = TypeVar("Answer")

TYPE = "shipping_categories"
OTHER_TYPE = "tags"
MANY_ROWS = 120
POLL_SECONDS = 0.005


async def check(guarantee: Guarantee, subject: Subject) -> None:
    """Check the guarantee. Raises `Broken` when it does not hold."""
    scene = Scene(subject)
    try:
        await guarantee.check(scene)
    except ExceptionGroup as group:
        broken, other = group.split(Broken)
        if broken is None or other is not None:
            raise
        raise _first_of(broken) from None
    finally:
        await scene.leave()


class Scene:
    """Everything that a check does, it does through this and `imports`."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.organization = f"conformance-{secrets.token_hex(8)}"
        self._watches: list[Watching] = []
        self._created: list[str] = []

    @property
    def imports(self) -> "ImportServiceAsyncStub":
        return self.subject.imports

    @property
    def parent(self) -> str:
        return f"organizations/{self.organization}"

    @property
    def patience(self) -> float:
        return self.subject.patience_seconds

    def another(self) -> "Scene":
        """The same in another organization."""
        other = Scene(self.subject)
        other._watches, other._created = self._watches, self._created
        return other

    async def create(
        self,
        *,
        rows: int = 2,
        failed: int = 0,
        resource_type: str = TYPE,
        import_id: str = "",
        request_id: str = "",
        validate_only: bool = False,
        reference: str = "",
        skip_errors: bool = True,
        after: Sequence[str] = (),
    ) -> pb.Import:
        """An import of so many rows; the last `failed` of them are no JSON. Fails the check when it is refused."""
        spec = pb.ImportSpec(
            resource_type=resource_type, skip_errors=skip_errors, reference=reference, after=after
        )
        created = await self.answered(
            self.imports.CreateImport(
                pb.CreateImportRequest(
                    parent=self.parent,
                    import_id=import_id,
                    request_id=request_id,
                    validate_only=validate_only,
                    spec=spec,
                    document=document(rows, failed),
                )
            )
        )
        self._created.append(created.name)
        return created

    async def get(self, name: str) -> pb.Import:
        return await self.answered(self.imports.GetImport(pb.GetImportRequest(name=name)))

    async def update(self, name: str, reference: str) -> pb.Import:
        return await self.answered(
            self.imports.UpdateImport(pb.UpdateImportRequest(name=name, reference=reference))
        )

    async def interrupt(self, name: str) -> pb.Import:
        return await self.answered(self.imports.InterruptImport(pb.InterruptImportRequest(name=name)))

    async def delete(self, name: str) -> None:
        await self.answered(self.imports.DeleteImport(pb.DeleteImportRequest(name=name)))

    async def ended(
        self, *, rows: int = 2, failed: int = 0, skip_errors: bool = True, validate_only: bool = False
    ) -> pb.Import:
        """An import that has ended; work is released."""
        created = await self.create(
            rows=rows, failed=failed, skip_errors=skip_errors, validate_only=validate_only
        )
        await self.subject.release_work()
        return await self.end_of(created.name)

    async def end_of(self, name: str) -> pb.Import:
        """The import when it has ended."""
        request = pb.WaitImportRequest(name=name)
        waited = await self.answered(self.imports.WaitImport(request, timeout=self.patience))
        if waited.status not in {pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED}:
            raise Broken(f"{name} did not end")
        return waited

    async def half_way(self) -> pb.Import:
        """An import in progress that has done some of its rows and does no more: work is held."""
        for times in (1, 4, 16):
            created = await self.create(rows=MANY_ROWS * times)
            await self.subject.release_work()
            await self.begun(created.name)
            await self.subject.hold_work()
            now = await self.get(created.name)
            if now.status == pb.STATUS_IN_PROGRESS and now.processed_count < now.inputs_size:
                return now
        raise Broken("no import could be held half way")

    async def begun(self, name: str) -> None:
        """Wait until some of its rows are done."""
        try:
            async with asyncio.timeout(self.patience):
                while not (await self.get(name)).processed_count:  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise Broken(f"{name} did not begin") from None

    def watch(self, name: str, *, token: str = "", progress: Duration | timedelta | None = None) -> Watching:
        """Open a WatchImport; it is left at the end of the check."""
        request = pb.WatchImportRequest(name=name, resume_token=token, progress_interval=_duration(progress))
        return self._opened(Watching(self.imports.WatchImport(request), self.patience))

    def watch_all(
        self,
        *,
        token: str = "",
        filter: pb.ImportFilter | None = None,
        progress: Duration | timedelta | None = None,
    ) -> Watching:
        """Open a WatchImports; it is left at the end of the check."""
        request = pb.WatchImportsRequest(
            parent=self.parent, resume_token=token, filter=filter, progress_interval=_duration(progress)
        )
        return self._opened(Watching(self.imports.WatchImports(request), self.patience))

    async def synced(self, *, filter: pb.ImportFilter | None = None, token: str = "") -> Watching:
        """A WatchImports that has come to SYNCED."""
        watching = self.watch_all(filter=filter, token=token)
        await watching.until_kind(pb.KIND_SYNCED)
        return watching

    async def silence(self, *watches: Watching) -> None:
        """Read the watches until nothing can be missing of what has happened by now.

        That is the second heartbeat after a time which the server itself tells.
        """
        now = (await self.another().create()).created_at.ToNanoseconds()
        for watching in watches:
            for _ in range(2):
                await watching.until(
                    lambda event: event.kind == pb.KIND_HEARTBEAT and event.occurred_at.ToNanoseconds() > now,
                    "a HEARTBEAT",
                )

    async def answered(self, call: Awaitable[Answer], *, after: float = 0.0) -> Answer:
        """The answer of a call that must not be refused; it may take its time, that many seconds."""
        try:
            async with asyncio.timeout(after + self.patience):
                return await call
        except grpc.aio.AioRpcError as error:
            raise Broken(f"refused with {error.code().name}: {error.details()}") from error
        except TimeoutError:
            raise Broken("the call was not answered") from None

    async def refused(self, call: Awaitable[object]) -> Refusal:
        """What a call is refused with that must be."""
        try:
            async with asyncio.timeout(self.patience):
                answer = await call
        except grpc.aio.AioRpcError as error:
            return refusal_of(error)
        except TimeoutError:
            raise Broken("the call was not answered") from None
        raise Broken(f"answered and not refused: {answer!s:.200}")

    async def leave(self) -> None:
        """Leave all watches, and nothing for the next check to wait for."""
        for watching in self._watches:
            watching.close()
        for name in self._created:
            with suppress(grpc.aio.AioRpcError):
                await self.imports.InterruptImport(
                    pb.InterruptImportRequest(name=name), timeout=self.patience
                )
            with suppress(grpc.aio.AioRpcError):
                await self.imports.DeleteImport(pb.DeleteImportRequest(name=name), timeout=self.patience)

    def _opened(self, watching: Watching) -> Watching:
        self._watches.append(watching)
        return watching


def document(rows: int, failed: int = 0) -> bytes:
    """JSON Lines of so many rows; the last `failed` of them are no JSON, and fail."""
    good = [f'{{"code": "C{number}", "name": "name {number}"}}' for number in range(rows - failed)]
    return "\n".join([*good, *["no JSON"] * failed]).encode()


def _first_of(group: ExceptionGroup[Broken]) -> Broken:
    first = group.exceptions[0]
    return first if isinstance(first, Broken) else _first_of(first)


def _duration(interval: Duration | timedelta | None) -> Duration | None:
    if isinstance(interval, timedelta):
        duration = Duration()
        duration.FromTimedelta(interval)
        return duration
    return interval
