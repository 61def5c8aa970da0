"""A lane: one who imports document after document over keys of their own, and judges each import when it has ended."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import uuid4

from commerce.imports.v1 import imports_pb2 as pb
from tests.chaos.documents import Document, draw_document
from tests.chaos.findings import first_words
from tests.chaos.fleet import ENVIRONMENT
from tests.chaos.judging import Begun, begun_with, judged
from tests.chaos.rows import FAMILIES
from tests.chaos.scene import CALL_SECONDS, PATIENCE_SECONDS, Scene
from tests.chaos.truth import Truth
from tests.model.kinds import Row

IMPORTS = 4
SEGMENT_ROWS = int(ENVIRONMENT["IMPORTS_SEGMENT_ROWS"])
END_SECONDS = 120.0
"""How long an import may take to end, whatever befalls the service meanwhile."""
LATEST_INTERRUPT_SECONDS = 1.5
RETRIED = {pb.OUTCOME_FAILED, pb.OUTCOME_NOT_PROCESSED}

Watch = Callable[[str], None]


class Lane:
    """`watch` has an import watched, from before it is there if its name is known. `is_whole` as long as nothing went
    wrong in it: what does not end as it must leaves unknown what comes after it."""

    def __init__(
        self, scene: Scene, truth: Truth, parent: str, number: int, dice: Random, watch: Watch
    ) -> None:
        self._scene, self._truth, self._parent, self._dice, self._watch = scene, truth, parent, dice, watch
        self._space = f"l{number}"
        self._kinds = FAMILIES[dice.choice(list(FAMILIES))]
        self._numbers = itertools.count()
        self.is_whole = True

    async def run(self) -> None:
        """A few imports, or as many as are begun before the stop."""
        for number in range(IMPORTS):
            if self._scene.stop.is_set():
                return
            try:
                await self._step(self._kinds[number % len(self._kinds)])
            except (Exception, ExceptionGroup) as error:
                self.is_whole = False
                self._scene.findings.violated(f"{self._parent}, lane {self._space}", first_words(error))
                return

    async def _step(self, kind: str) -> None:
        """An import, perhaps another that waits for it, and what is done with them afterwards."""
        if self._dice.random() < 0.15:
            await self._finish(
                await self._create(draw_document(kind, self._space, self._dice), rehearses=True)
            )
        begun = [await self._create(draw_document(kind, self._space, self._dice))]
        if self._dice.random() < 0.25 and not self._scene.stop.is_set():
            after = [begun[0].name]
            begun.append(await self._create(draw_document(kind, self._space, self._dice), after))
        for each in begun:
            if self._dice.random() < 0.2:
                await asyncio.sleep(self._dice.uniform(0, LATEST_INTERRUPT_SECONDS))
                each.may_be_interrupted = True
                await self._scene.calls.interrupt(each.name)
        # a retry would run beside what waits for the one that it retries
        for each, again in [(each, await self._finish(each)) for each in begun]:
            await self._retry(each, again)
        for each in begun:
            if self._dice.random() < 0.2:
                await self._delete(each)

    async def _create(
        self, document: Document, after: Sequence[str] = (), *, rehearses: bool = False
    ) -> Begun:
        """By any of the calls that can; sometimes by two at once, or again: the request id makes them one."""
        import_id = f"{self._space}-{next(self._numbers)}" if self._dice.random() < 0.5 else ""
        if import_id and self._dice.random() < 0.4:
            self._watch(f"{self._parent}/imports/{import_id}")
        create: Any = self._dice.choice([self._scene.imports.create, self._scene.imports.upload])
        request_id = str(uuid4())

        async def call() -> pb.Import:
            created: pb.Import = await create(
                self._parent,
                document.kind,
                document.text,
                import_id=import_id,
                request_id=request_id,
                timeout=CALL_SECONDS,
                patience=PATIENCE_SECONDS,
                after=after,
                validate_only=rehearses,
                **document.spec,
            )
            return created

        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call()) for _ in range(self._dice.choice([1, 1, 1, 2]))]
        created = [each.result() for each in calls]
        if self._dice.random() < 0.1:
            create = self._scene.imports.import_and_wait
            created.append(await call())
        self._count("repeated creations", len(created) - 1)
        if len({each.uid for each in created}) != 1 or created[0].inputs_size != len(document.rows):
            raise AssertionError(f"{document} became {created}")
        if not import_id and self._dice.random() < 0.4:
            self._watch(created[0].name)
        self._count("imports")
        self._count(f"as {document.form}")
        self._count("rehearsals", int(rehearses))
        begun = begun_with(created[0].name, document)
        begun.rehearses = rehearses
        return begun

    async def _finish(self, begun: Begun) -> Sequence[tuple[int, Row]]:
        """Wait for its end and judge it; the rows that can be retried."""
        ran = await judged(self._scene, self._truth, begun)
        self._count("rows", len(begun.rows))
        self._count(pb.Status.Name(ran.imported.status).removeprefix("STATUS_").lower())
        again = {result.row_number for result in ran.results if result.outcome in RETRIED}
        return [each for each in begun.rows if each[0] in again]

    async def _retry(self, begun: Begun, rows: Sequence[tuple[int, Row]]) -> None:
        """As often as not; and what is left of that again."""
        if not rows or self._dice.random() < 0.5 or self._scene.stop.is_set():
            return
        child = await self._scene.imports.retry(begun.name, timeout=CALL_SECONDS, patience=PATIENCE_SECONDS)
        self._count("imports")
        self._count("retries")
        retry = Begun(child.name, begun.kind, rows, skip_errors=True, in_order=True)
        await self._retry(retry, await self._finish(retry))

    async def _delete(self, begun: Begun) -> None:
        await self._scene.calls.delete(begun.name)
        self._count("deleted")
        if await self._scene.calls.is_there(begun.name):
            raise AssertionError(f"{begun.name} is there after its deletion")

    def _count(self, what: str, number: int = 1) -> None:
        self._scene.findings.counts[what] += number
