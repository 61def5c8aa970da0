"""A document in JSON and the same in CSV leave the same environment, and say the same of each row."""

import re
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from commerce.imports.v1 import imports_pb2 as pb
from tests.model.comparing import Differs, differences
from tests.model.csv_documents import NULL, csv_of, sayable
from tests.model.kinds import KINDS, Row
from tests.model.properties import EXAMPLES, SECONDS, holds
from tests.model.rendering import rendered
from tests.model.rows import ROWS, with_texts
from tests.model.stage import Document, Ran, Stage

TAG_NAME = re.compile(r"(tags\[[0-9]+\])\.name")


class Pair(NamedTuple):
    """Rows, and the same as CSV text."""

    kind: str
    rows: list[Row]
    text: bytes

    def __str__(self) -> str:
        return f"{self.kind}:\n" + "\n".join(map(str, self.rows)) + "\n" + self.text.decode()


def pairs(kind: str) -> st.SearchStrategy[Pair]:
    row = (
        st.one_of(ROWS[kind], ROWS[kind].map(with_texts))
        .map(lambda row: sayable(KINDS[kind], row))
        .filter(bool)
    )
    ways = st.fixed_dictionaries(
        {"dotted_objects": st.booleans(), "tags_by_name": st.booleans(), "numbered": st.booleans()}
    )
    return st.builds(
        lambda rows, way: Pair(kind, rows, csv_of(KINDS[kind], rows, **way)),
        st.lists(row, min_size=1, max_size=5),
        ways,
    )


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("kind", list(ROWS))
def test_json_and_csv_leave_the_same(stage: Stage, kind: str) -> None:
    async def example(pair: Pair) -> None:
        spec = {"format": pb.FORMAT_CSV, "csv_options": pb.CsvOptions(null_marker=NULL)}
        sides = []
        for document in (
            Document(kind=kind, rows=pair.rows),
            Document(kind=kind, rows=pair.rows, text=pair.text, spec=spec),
        ):
            organization_id = await stage.organization()
            ran = await stage.run(organization_id, document)
            world, _ = await stage.environment(organization_id)
            names = {
                (kind, each.resource_id): f"of row {each.row_number}"
                for each in ran.results
                if each.resource_id
            }
            sides.append((said(ran), rendered(world, names)))
        (json_said, in_json), (csv_said, in_csv) = sides
        if json_said != csv_said:
            raise Differs(f"{pair}\nJSON says {json_said}\nCSV says  {csv_said}")
        if unlike := differences(in_csv, in_json):
            raise Differs("\n".join([str(pair), "CSV (as service) and JSON (as model):", *unlike]))

    holds(stage.loop, pairs(kind), example, examples=max(1, EXAMPLES // len(ROWS)))


def said(ran: Ran) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Outcome, key and issues of every row. A column `tags.name` gives objects, where JSON has the names themselves."""
    return [
        (
            pb.Outcome.Name(result.outcome),
            result.key,
            sorted((issue.code, TAG_NAME.sub(r"\1", issue.attribute)) for issue in result.issues),
        )
        for result in ran.results
    ]
