"""The judgement of one import that must have come to its end by now."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.documents import Document
from tests.chaos.fleet import ENVIRONMENT
from tests.chaos.scene import CALL_SECONDS, PATIENCE_SECONDS, Scene
from tests.chaos.truth import Truth, status_differs
from tests.model.kinds import Row
from tests.model.stage import Ran

SEGMENT_ROWS = int(ENVIRONMENT["IMPORTS_SEGMENT_ROWS"])
END_SECONDS = 240.0
"""How long an import may take to end, whatever befalls the service meanwhile."""
SHOWN = 20


@dataclass
class Begun:
    """An import that was created, with what is known of it. `rows` have the numbers of the document first sent."""

    name: str
    kind: str
    rows: Sequence[tuple[int, Row]]
    skip_errors: bool
    in_order: bool
    may_be_interrupted: bool = False
    rehearses: bool = False


def begun_with(name: str, document: Document) -> Begun:
    """The import of that name, made of that document."""
    rows = list(enumerate(document.rows, start=1))
    return Begun(name, document.kind, rows, document.skip_errors, document.in_order)


async def judged(scene: Scene, truth: Truth, begun: Begun, *, within: float = END_SECONDS) -> Ran:
    """Wait for the import's end, and apply its rows to the truth. Raises AssertionError for all that is not so."""
    ran = await _ended(scene, begun, within)
    goes_on = begun.skip_errors or begun.rehearses
    wrong = list(
        status_differs(ran.imported, skip_errors=goes_on, may_be_interrupted=begun.may_be_interrupted)
    )
    wrong += truth.take(
        begun.kind,
        begun.rows,
        ran,
        segment_rows=SEGMENT_ROWS,
        in_order=begun.in_order,
        rehearses=begun.rehearses,
    )
    if wrong:
        said = [f"{begun.name}: {len(begun.rows)} {begun.kind}", *wrong[:SHOWN]]
        raise AssertionError("\n  ".join(said))
    return ran


async def _ended(scene: Scene, begun: Begun, within: float) -> Ran:
    try:
        await scene.calls.ended(begun.name, within=within)
    except TimeoutError:
        raise AssertionError(f"{begun.name} has not ended within {within:g} s") from None
    imported = await scene.imports.get(begun.name, timeout=CALL_SECONDS, patience=PATIENCE_SECONDS)
    results = scene.imports.results(begun.name, timeout=CALL_SECONDS, patience=PATIENCE_SECONDS)
    return Ran(imported, [result async for result in results])
