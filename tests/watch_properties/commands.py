"""The commands of an example: each is called until there is an answer, and whatever it is, the log says what it did."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from tests.services import Client
from tests.watch_properties.requests import creation_of, update_of
from tests.watch_properties.steps import (
    ORGANIZATIONS,
    Burst,
    Create,
    Delete,
    Interrupt,
    Update,
    WatchOne,
)
from tests.watch_properties.verdict import Wrong

Command = Create | Update | Interrupt | Delete | Burst

CALL_SECONDS = 3.0
ATTEMPTS = 20
AGAIN_SECONDS = 0.2
MOMENT_SECONDS = 0.03
MOST_AT_ONCE = 8

AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
EXPECTED = {
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
}
"""How a command may end: steps know nothing of each other."""


class Commands:
    """Gives commands on imports of organizations of its own. They run in the group, and are not waited for."""

    def __init__(self, clients: list[Client], group: asyncio.TaskGroup) -> None:
        self._clients, self._group = clients, group
        self.organizations = [uuid4().hex for _ in range(ORGANIZATIONS)]
        self._names: list[list[str]] = [[] for _ in self.organizations]
        self._deleted: list[list[str]] = [[] for _ in self.organizations]
        self._under_way: set[asyncio.Task[None]] = set()

    async def give(self, step: Command) -> None:
        """Give it a moment: what comes next may find it done, or under way."""
        calls = [self.start(self._call(method, request)) for method, request in self._calls_of(step)]
        if calls:
            await asyncio.wait(calls, timeout=MOMENT_SECONDS)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have it done in the background."""
        task = self._group.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def all_done(self) -> None:
        """Wait for all that was started."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    def name_of(self, step: Update | Interrupt | Delete | WatchOne) -> str:
        """The name of an import that was asked for, of another organization if this one has none."""
        names = self._names[step.organization] or next(names for names in self._names if names)
        return names[-1 - step.which % len(names)]

    def _calls_of(self, step: Command) -> list[tuple[str, Any]]:
        match step:
            case Create():
                return [("CreateImport", creation_of(step, self._free_name(step)))]
            case Update():
                return [("UpdateImport", update_of(self.name_of(step), step.reference))]
            case Interrupt():
                return [("InterruptImport", pb.InterruptImportRequest(name=self.name_of(step)))]
            case Delete():
                self._deleted[step.organization].append(self.name_of(step))
                return [("DeleteImport", pb.DeleteImportRequest(name=self.name_of(step)))]
            case Burst():
                names = self._names[step.organization][-MOST_AT_ONCE:]
                updates = [update_of(name, f"{step.reference}{place}") for place, name in enumerate(names)]
                return [("UpdateImport", update) for update in updates]

    def _free_name(self, step: Create) -> str:
        deleted, names = self._deleted[step.organization], self._names[step.organization]
        if step.takes_over and deleted:
            return deleted.pop()
        names.append(f"organizations/{self.organizations[step.organization]}/imports/n{len(names)}")
        return names[-1]

    async def _call(self, method: str, request: Any) -> None:
        """A server that was away may have done it or not; another one is asked again."""
        for attempt in range(ATTEMPTS):
            client = self._clients[attempt % len(self._clients)]
            try:
                await getattr(client.imports, method)(request, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() in EXPECTED:
                    return
                if error.code() not in AWAY:
                    raise Wrong(f"{method} ended with {error.code()}: {error.details()}") from error
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return
