"""What a run judges by has teeth: it finds a service with a fault planted, each by the schedule that shows it."""

import asyncio
import signal
import tempfile
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from tests.chaos.conftest import StartWorker
from tests.chaos.documents import Document
from tests.chaos.findings import Findings
from tests.chaos.judging import Begun, begun_with, judged
from tests.chaos.load import Load
from tests.chaos.planted import LATE, STANDSTILL
from tests.chaos.rest import unrest
from tests.chaos.rows import rows_of
from tests.chaos.run import open_scene
from tests.chaos.scene import Scene
from tests.chaos.truth import Truth
from tests.eventually import eventually
from tests.services import READY
from tests.watch_properties.planted import SCHEMAS

LOAD_SECONDS = 3.0


async def test_a_worker_without_a_fence_is_found(scene: Scene, start_worker: StartWorker) -> None:
    """It stands still with a segment that another worker does meanwhile, and then does it again."""
    first = start_worker("no_fence+a_standstill")
    second = start_worker(IMPORTS_STOP_AT="after-commit")
    await first.said(READY)
    await second.said(READY)
    second.process.send_signal(signal.SIGSTOP)
    truth, begun = await imported(scene)
    await first.said(STANDSTILL)
    second.process.send_signal(signal.SIGCONT)
    await second.said("stopped at")

    first.process.send_signal(signal.SIGCONT)

    with pytest.raises(AssertionError, match="40 results of 60 rows"):
        await judged(scene, truth, begun, within=60)


async def test_an_outcome_that_is_written_after_the_commit_is_found(
    scene: Scene, start_worker: StartWorker, objects: Objects
) -> None:
    """The worker is killed between the two."""
    doomed = start_worker("a_late_outcome", IMPORTS_STOP_AT=LATE)
    other = start_worker()
    await doomed.said(READY)
    await other.said(READY)
    other.process.send_signal(signal.SIGSTOP)
    truth, begun = await imported(scene)
    await doomed.said("stopped at")
    await doomed.kill()
    other.process.send_signal(signal.SIGCONT)

    with pytest.raises(AssertionError, match="40 results of 60 rows"):
        await judged(scene, truth, begun, within=60)
    said = "\n".join(await unrest(scene.oracle, objects, within=0))
    assert "counts that are not those of the outcomes" in said


async def test_a_sequence_as_the_cursor_of_watches_is_found(parts: Parts, run_dir: Path) -> None:
    """A few organizations' load is enough, without any other fault."""
    findings, stop = Findings(), asyncio.Event()
    planted = "a_sequence_as_clock"
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with open_scene(
        parts, directory, findings, stop, servers=1, workers=1, planted=planted, before=SCHEMAS[planted]
    ) as scene:
        await scene.prepare()
        load = Load(scene, Random(1), told_seconds=2.0)
        async with asyncio.TaskGroup() as group:
            under_load = group.create_task(load.run(3))
            await asyncio.sleep(LOAD_SECONDS)
            stop.set()
            await eventually(lambda: findings.violations, 60, "a violation")
            under_load.cancel()

    said = "\n".join(findings.violations)
    assert "a watch of" in said
    assert "told were" in said or "too late" in said or "does not belong" in said


async def imported(scene: Scene) -> tuple[Truth, Begun]:
    """A new import of three segments, which run one after the other, and the model of its organization."""
    rows = rows_of("customers", "c", Random(1), size=60, repeats=True, bad_percent=0)
    document = Document("customers", rows, "lines", skip_errors=False, in_order=True)
    created = await scene.imports.create(f"organizations/{uuid4().hex}", document.kind, document.text)
    return Truth(scene.base), begun_with(created.name, document)
