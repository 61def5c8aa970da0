"""The statements as a whole: each of them is valid, explained, and spelled as the house rules ask."""

import re

import pytest

from imports_service.store.database import Database
from imports_service.store.statements import DIRECTORY, SQL

FILES = sorted(DIRECTORY.glob("*.sql"))
ALL_ORGANIZATIONS = {
    "read_clocks",
    "list_lapsed_organizations",
    "list_lapsed_uploads",
    "list_old_requests",
    "list_trash",
    "list_unmoved_imports",
    "list_unswept_imports",
    "claim_lane",
    "is_any_lane_awake",
    "list_expired_imports",
    "list_ended_rehearsals",
    "list_organizations_with_old_events",
}
"""The scans of the design: they read without locks, or only the lanes."""
TABLES_OF_ORGANIZATIONS = re.compile(
    r"\b(?:FROM|INTO|UPDATE|USING|JOIN) "
    r"(?:import|import_report|unit|lane|outcome|resource|organization_clock|event|upload|object_trash|creation_request|rehearsal|rehearsal_resource)\b"
)


async def test_every_statement_prepares(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(SQL.create_schema_migration)
        await connection.execute(SQL.create_changed_resources)
        for name in set(SQL.names()) - {"create_schema_migration", "create_changed_resources"}:
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
    assert not re.search(r"\*(?!\s*10\b)", statement.replace("count(*)", "")), "SELECT * is not stable"


@pytest.mark.parametrize("name", sorted(set(SQL.names()) - ALL_ORGANIZATIONS))
def test_a_statement_on_our_tables_names_one_organization(name: str) -> None:
    statement = getattr(SQL, name)
    if not TABLES_OF_ORGANIZATIONS.search(statement):
        return

    assert re.search(r"organization_id = \$1|VALUES \(\s*\$1|SELECT \$1", statement)


@pytest.mark.parametrize("name", SQL.names())
def test_an_update_leaves_the_time_out_where_citus_refuses_it(name: str) -> None:
    statement = getattr(SQL, name)

    conflict = statement.partition("DO UPDATE")[2]
    returning = statement.partition("RETURNING")[2]

    assert "now()" not in conflict
    assert "now()" not in returning
    if "UPDATE " in statement:
        for case in re.findall(r"CASE.*?END", statement, flags=re.DOTALL):
            assert "now()" not in case


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
