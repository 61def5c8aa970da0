"""The statements as a whole: each of them is valid, explained, and spelled as the house rules ask.

What Citus asks of them is in test_citus_rules.
"""

import re

import pytest

from imports_service.store.database import Database
from imports_service.store.statements import DIRECTORY, SQL
from tests.store.citus_rules import ON_A_COORDINATOR

FILES = sorted(DIRECTORY.glob("*.sql"))


async def test_every_statement_prepares(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(SQL.create_schema_migration)
        await connection.execute(SQL.create_changed_resources)
        made_before = {"create_schema_migration", "create_changed_resources"}
        for name in set(SQL.names()) - made_before - ON_A_COORDINATOR:
            await connection.prepare(getattr(SQL, name))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_statement_says_what_it_does_takes_and_locks(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]

    header = re.match(r"(?:--.*\n)+", text)

    assert header, "no comment at the top"
    parts = header[0].replace("-- ", "").split("\n--\n")
    assert len(parts) == 3, "the comment has three parts: what it does, parameters -> result, locking"
    assert "->" in parts[1]
    assert parts[2].strip().endswith(".")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_one_statement_with_explicit_columns(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]

    statement = re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)

    assert statement.count(";") == 1
    assert statement.endswith(";\n")
    # a subquery's columns are listed in the subquery
    listed = re.sub(r"\b(\w+)\.\*(?=.*?\) AS \1\b)", "", statement, flags=re.DOTALL)
    assert not re.search(r"\*(?!\s*10\b)", listed.replace("count(*)", "")), "SELECT * is not stable"


def test_every_statement_that_gives_an_import_gives_the_same_columns() -> None:
    lists = {
        re.sub(r"\s+", " ", found[0])
        for path in FILES
        for found in re.findall(
            r"(organization_id, uid::text AS uid, import_id.*?)\n?(FROM|;|$)",
            path.read_text(),
            flags=re.DOTALL,
        )
    }

    assert len({columns.strip().rstrip(";") for columns in lists}) == 1


def test_a_name_without_a_file_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = SQL.nothing_of_the_kind
