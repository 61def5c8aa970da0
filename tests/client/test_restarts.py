"""The client against real services that are stopped and started again: nothing is lost, nothing told twice."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import NamedTuple

from commerce.imports.v1 import imports_pb2 as pb
from imports_client import connect
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.eventually import eventually
from tests.services import Service, running_service


def listening(settings: Settings, port: int, role: Role) -> Settings:
    return settings.model_copy(update={"grpc_listen": f"127.0.0.1:{port}", "role": role})


class Running(NamedTuple):
    """A service that can be stopped before the test ends."""

    service: Service
    stack: AsyncExitStack

    async def aclose(self) -> None:
        await self.stack.aclose()


async def start(stack: AsyncExitStack, settings: Settings, parts: Parts) -> Running:
    own = await stack.enter_async_context(AsyncExitStack())
    return Running(await own.enter_async_context(running_service(settings, parts)), own)


async def note(running: Running, name: str, reference: str) -> None:
    """A change that is recorded and told, without anybody who works on imports."""
    await running.service.imports.UpdateImport(pb.UpdateImportRequest(name=name, reference=reference))


async def test_a_watch_goes_through_a_rolling_restart_and_tells_every_change_once(
    settings: Settings, parts: Parts, unused_tcp_port_factory: Callable[[], int]
) -> None:
    ports = [unused_tcp_port_factory(), unused_tcp_port_factory()]
    told: list[pb.ImportEvent] = []
    addresses = ",".join(f"127.0.0.1:{port}" for port in ports)

    async with AsyncExitStack() as stack, connect(addresses) as imports:
        running = [await start(stack, listening(settings, port, Role.API), parts) for port in ports]
        created = await imports.create("organizations/o", "shipping_categories", [{"code": "A", "name": "a"}])

        async def watch() -> None:
            async with aclosing(imports.watch(created.name, timeout=90)) as events:
                async for event in events:
                    told.append(event)

        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            await eventually(lambda: told)
            for number, port in enumerate(ports):
                await note(running[1 - number], created.name, f"before stop {number}")
                await running[number].aclose()
                await note(running[1 - number], created.name, f"while {number} is away")
                running[number] = await start(stack, listening(settings, port, Role.API), parts)
            await running[0].aclose()
            await start(stack, listening(settings, ports[0], Role.ALL), parts)

    recorded = [event for event in told if event.kind in {pb.KIND_SNAPSHOT, pb.KIND_TRANSITION}]
    assert [(event.snapshot.status, event.snapshot.reference) for event in recorded] == [
        (pb.STATUS_PENDING, ""),
        (pb.STATUS_PENDING, "before stop 0"),
        (pb.STATUS_PENDING, "while 0 is away"),
        (pb.STATUS_PENDING, "before stop 1"),
        (pb.STATUS_PENDING, "while 1 is away"),
        (pb.STATUS_IN_PROGRESS, "while 1 is away"),
        (pb.STATUS_COMPLETED, "while 1 is away"),
    ]


async def test_a_watch_of_an_organization_goes_through_a_rolling_restart_too(
    settings: Settings, parts: Parts, unused_tcp_port_factory: Callable[[], int]
) -> None:
    ports = [unused_tcp_port_factory(), unused_tcp_port_factory()]
    told: list[pb.ImportEvent] = []
    names: list[str] = []

    async with AsyncExitStack() as stack, connect(",".join(f"127.0.0.1:{port}" for port in ports)) as imports:

        async def watch() -> None:
            async with aclosing(imports.watch_imports("organizations/o", timeout=90)) as events:
                async for event in events:
                    told.append(event)
                    if ended_in(told) == set(names) and len(names) == 4:
                        return

        async def create() -> None:
            inputs = [{"code": "A", "name": "a"}]
            created = await imports.create("organizations/o", "shipping_categories", inputs, patience=30)
            names.append(created.name)

        running = [await start(stack, listening(settings, port, Role.API), parts) for port in ports]
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            await eventually(lambda: told and told[-1].kind == pb.KIND_SYNCED)
            for number, port in enumerate(ports):
                await create()
                await running[number].aclose()
                await create()
                running[number] = await start(stack, listening(settings, port, Role.API), parts)
            await running[0].aclose()
            await start(stack, listening(settings, ports[0], Role.ALL), parts)

    def statuses(name: str) -> list[pb.Status.ValueType]:
        return [each.snapshot.status for each in transitions(told) if each.snapshot.name == name]

    created = [each.snapshot.name for each in transitions(told) if not each.previous_status]
    assert created == names
    for name in names:
        assert statuses(name) == [pb.STATUS_PENDING, pb.STATUS_IN_PROGRESS, pb.STATUS_COMPLETED]


def transitions(told: Iterable[pb.ImportEvent]) -> list[pb.ImportEvent]:
    return [event for event in told if event.kind == pb.KIND_TRANSITION]


def ended_in(told: Iterable[pb.ImportEvent]) -> set[str]:
    return {each.snapshot.name for each in transitions(told) if each.snapshot.status == pb.STATUS_COMPLETED}


async def test_an_import_is_waited_for_through_a_restart_of_the_service(
    settings: Settings, parts: Parts, unused_tcp_port: int
) -> None:
    here = listening(settings, unused_tcp_port, Role.ALL)
    rows = b"".join(b'{"code":"%d","name":"a"}\n' % number for number in range(15_000))
    has_begun = asyncio.Event()

    def note_event(event: pb.ImportEvent) -> None:
        if event.snapshot.status == pb.STATUS_IN_PROGRESS:
            has_begun.set()

    async with connect(f"127.0.0.1:{unused_tcp_port}") as imports, asyncio.TaskGroup() as group:
        waiting = group.create_task(
            imports.import_and_wait(
                "organizations/o", "shipping_categories", rows, on_event=note_event, timeout=90
            )
        )
        async with running_service(here, parts), asyncio.timeout(60):
            await has_begun.wait()
        async with running_service(here, parts):
            ended = await waiting

    assert (ended.status, ended.created_count) == (pb.STATUS_COMPLETED, 15_000)
    assert ended.attachment_url
