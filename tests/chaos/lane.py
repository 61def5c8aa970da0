"""A lane: one who imports document after document over keys of their own, and judges each import when it has ended."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from uuid import uuid4

from commerce.imports.v1 import imports_pb2 as pb
from tests.chaos.documents import Document, draw_document
from tests.chaos.findings import first_words
from tests.chaos.fleet import ENVIRONMENT
from tests.chaos.rows import FAMILIES
from tests.chaos.scene import CALL_SECONDS, PATIENCE_SECONDS, Scene
from tests.chaos.truth import Truth, status_differs
from tests.model.kinds import Row
from tests.model.stage import Ran

IMPORTS = 4
SEGMENT_ROWS = int(ENVIRONMENT["IMPORTS_SEGMENT_ROWS"])
END_SECONDS = 120.0
"""How long an import may take to end, whatever befalls the service meanwhile."""
LATEST_INTERRUPT_SECONDS = 1.5
RETRIED = {pb.OUTCOME_FAILED, pb.OUTCOME_NOT_PROCESSED}

Watch = Callable[[str], None]


@dataclass
class Begun:
    """An import that was created, with what is known of it. `rows` have the numbers of the document first sent."""

    name: str
    kind: str
    rows: Sequence[tuple[int, Row]]
    skip_errors: bool
    in_order: bool
    may_be_interrupted: bool = False


class Lane:
    """`watch` has an import watched, from before it is there if its name is known. `is_whole` as long as nothing went
    wrong in it: what does not end as it must leaves unknown what comes after it."""

    def __init__(
        self, scene: Scene, truth: Truth, parent: str, number: int, dice: Random, watch: Watch
    ) -> None:
        self._scene, self._truth, self._parent, self._dice, self._watch = scene, truth, parent, dice, watch
        self._space = f"l{number}"
        self._kinds = FAMILIES[dice.choice(list(FAMILIES))]
        self._numbers = iter(range(IMPORTS * 2))
        self.is_whole = True

    async def run(self) -> None:
        """A few imports, or as many as are begun before the stop."""
        for number in range(IMPORTS):
            if self._scene.stop.is_set():
                return
            try:
                await self._step(self._kinds[number % len(self._kinds)])
            except (Exception, ExceptionGroup) as error:
                self._violated("", first_words(error))
                return

    async def _step(self, kind: str) -> None:
        """An import, perhaps another that waits for it, and what is done with them afterwards."""
        begun = [await self._create(draw_document(kind, self._space, self._dice))]
        if self._dice.random() < 0.25:
            after = [begun[0].name]
            begun.append(await self._create(draw_document(kind, self._space, self._dice), after))
        for each in begun:
            if self._dice.random() < 0.2:
                await asyncio.sleep(self._dice.uniform(0, LATEST_INTERRUPT_SECONDS))
                each.may_be_interrupted = True
                await self._scene.calls.interrupt(each.name)
        for each in begun:
            await self._finish(each)
        for each in begun:
            if self._dice.random() < 0.2:
                await self._delete(each)

    async def _create(self, document: Document, after: Sequence[str] = ()) -> Begun:
        """By any of the calls that can; sometimes by two at once, or again: the request id makes them one."""
        import_id = f"{self._space}-{next(self._numbers)}" if self._dice.random() < 0.5 else ""
        if import_id and self._dice.random() < 0.4:
            self._watch(f"{self._parent}/imports/{import_id}")
        create = self._scene.imports.create if self._dice.random() < 0.5 else self._scene.imports.upload
        request_id = str(uuid4())

        async def call() -> pb.Import:
            return await create(
                self._parent,
                document.kind,
                document.text,
                import_id=import_id,
                request_id=request_id,
                timeout=CALL_SECONDS,
                patience=PATIENCE_SECONDS,
                after=after,
                **document.spec,
            )

        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call()) for _ in range(self._dice.choice([1, 1, 1, 2]))]
        created = [each.result() for each in calls]
        if self._dice.random() < 0.1:
            created.append(await call())
        self._count("repeated creations", len(created) - 1)
        if len({each.uid for each in created}) != 1 or created[0].inputs_size != len(document.rows):
            self._violated(created[0].name, f"{document} became {created}")
        if not import_id and self._dice.random() < 0.4:
            self._watch(created[0].name)
        self._count("imports")
        self._count(f"as {document.form}")
        return Begun(
            created[0].name,
            document.kind,
            list(enumerate(document.rows, start=1)),
            document.skip_errors,
            document.in_order,
        )

    async def _finish(self, begun: Begun) -> None:
        """Wait for its end and judge it; retry what can be, as often as not."""
        ran = await self._ended(begun)
        wrong = list(
            status_differs(
                ran.imported, skip_errors=begun.skip_errors, may_be_interrupted=begun.may_be_interrupted
            )
        )
        wrong += self._truth.take(
            begun.kind, begun.rows, ran, segment_rows=SEGMENT_ROWS, in_order=begun.in_order
        )
        self._count("rows", len(begun.rows))
        self._count(pb.Status.Name(ran.imported.status).removeprefix("STATUS_").lower())
        if wrong:
            self._violated(begun.name, "\n  ".join([f"{len(begun.rows)} {begun.kind}", *wrong[:20]]))
        again = {result.row_number for result in ran.results if result.outcome in RETRIED}
        if self.is_whole and again and self._dice.random() < 0.5:
            await self._retry(begun, [each for each in begun.rows if each[0] in again])

    async def _ended(self, begun: Begun) -> Ran:
        await self._scene.calls.ended(begun.name, within=END_SECONDS)
        imports = self._scene.imports
        imported = await imports.get(begun.name, timeout=CALL_SECONDS, patience=PATIENCE_SECONDS)
        results = imports.results(begun.name, timeout=CALL_SECONDS, patience=PATIENCE_SECONDS)
        return Ran(imported, [result async for result in results])

    async def _retry(self, begun: Begun, rows: Sequence[tuple[int, Row]]) -> None:
        child = await self._scene.imports.retry(begun.name, timeout=CALL_SECONDS, patience=PATIENCE_SECONDS)
        self._count("imports")
        self._count("retries")
        await self._finish(Begun(child.name, begun.kind, rows, skip_errors=True, in_order=True))

    async def _delete(self, begun: Begun) -> None:
        await self._scene.calls.delete(begun.name)
        self._count("deleted")
        if await self._scene.calls.is_there(begun.name):
            self._violated(begun.name, "is there after its deletion")

    def _count(self, what: str, number: int = 1) -> None:
        self._scene.findings.counts[what] += number

    def _violated(self, name: str, what: str) -> None:
        self.is_whole = False
        self._scene.findings.violated(name or f"{self._parent}, lane {self._space}", what)
