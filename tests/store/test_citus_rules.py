"""Every statement and migration keeps the rules of Citus, and every rule is shown to have teeth."""

import re
from pathlib import Path

import pytest

import imports_service
from imports_service.store.distribute import DISTRIBUTED, LOCAL, PARTITIONS
from imports_service.store.migrate import Migration, read_migrations
from imports_service.store.statements import SQL
from tests.store import citus_rules as rules
from tests.store.citus_rules import MIGRATION_RULES, STATEMENT_RULES, Rule, made_tables
from tests.store.queries import queries

OVER_ORGANIZATIONS = (
    "looks for work of all organizations, without locks; what it finds is done one organization a time"
)
A_WATCH = "read by id; it costs a connection half a second, once, and no lock is held meanwhile"
EXCEPTIONS: dict[tuple[Rule, str], str] = {
    (
        rules.of_one_organization,
        "find_newest_stray_event",
    ): "one look at how far the default partition reaches",
    (rules.of_one_organization, "list_ended_rehearsals"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_expired_imports"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_lapsed_organizations"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_lapsed_uploads"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_low_floors"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_old_requests"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_organizations_with_old_events"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_trash"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_unmoved_imports"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "list_unswept_imports"): OVER_ORGANIZATIONS,
    (rules.of_one_organization, "read_clocks"): "one look for all organizations that a process watches",
    (rules.nothing_of_one_node, "lock_migrations"): "migrations and distribution run on the coordinator only",
    (
        rules.nothing_of_one_node,
        "send_nudges",
    ): "all processes listen and send at one node, by IMPORTS_LISTEN_URL",
    (
        rules.skips_locked_rows_where_it_may,
        "take_partitions",
    ): "a row of a table that is not distributed, on the coordinator, where partitions are made",
    (rules.arrays_are_of_text, "find_moved_imports"): A_WATCH,
    (rules.arrays_are_of_text, "find_watched_imports"): A_WATCH,
    (rules.arrays_are_of_text, "list_missed_events"): A_WATCH,
}
"""Nothing else may break a rule, and what no longer does may not stand here."""

BAD_STATEMENTS: list[tuple[Rule, str]] = [
    (rules.of_one_organization, "SELECT uid FROM import WHERE uid = $1"),
    (rules.of_one_organization, "SELECT uid FROM import WHERE organization_id = $1 OR uid = $2"),
    (rules.of_one_organization, "SELECT uid FROM import WHERE (organization_id = $1 OR uid = $2)"),
    (rules.of_one_organization, "SELECT uid FROM import WHERE organization_id <> $1"),
    (rules.of_one_organization, "SELECT organization_id = $1 FROM import"),
    (rules.of_one_organization, "SELECT uid FROM import, unit WHERE organization_id = $1"),
    (
        rules.of_one_organization,
        "SELECT 1 FROM import JOIN unit ON unit.import_uid = import.uid WHERE import.organization_id = $1",
    ),
    (
        rules.of_one_organization,
        "SELECT uid FROM import WHERE organization_id = $1 AND uid IN (SELECT import_uid FROM unit)",
    ),
    (
        rules.of_one_organization,
        "SELECT id FROM (SELECT id FROM resource WHERE organization_id = $1 UNION SELECT id FROM resource) AS r",
    ),
    (rules.of_one_organization, "INSERT INTO event (seq, organization_id) VALUES ($1, $2)"),
    (rules.of_one_organization, "INSERT INTO event VALUES ($1, $2)"),
    (
        rules.of_one_organization,
        "INSERT INTO unit (organization_id) SELECT organization_id, 1 FROM import WHERE uid = $1",
    ),
    (rules.locks_in_one_organization, "SELECT uid FROM import WHERE uid = $1 FOR UPDATE"),
    (
        rules.locks_in_one_organization,
        "UPDATE unit SET state = 'void' WHERE organization_id = $1 "
        "AND ctid = ANY (ARRAY(SELECT ctid FROM unit FOR UPDATE))",
    ),
    (rules.locks_in_one_organization, "UPDATE unit SET state = 'void' WHERE import_uid = $1"),
    (rules.locks_in_one_organization, "DELETE FROM event WHERE seq < $1"),
    (
        rules.locks_in_one_organization,
        "WITH n AS (SELECT 1 AS s FROM unit WHERE organization_id = $1 FOR UPDATE) "
        "UPDATE unit SET turn = 1 FROM n WHERE segment = s",
    ),
    (rules.the_lane_alone, "SELECT 1 FROM lane JOIN unit ON unit.organization_id = lane.organization_id"),
    (rules.the_lane_alone, "UPDATE unit SET turn = (SELECT turn FROM lane) WHERE organization_id = $1"),
    (
        rules.skips_locked_rows_where_it_may,
        "SELECT segment FROM unit WHERE state = 'ready' FOR UPDATE SKIP LOCKED",
    ),
    (
        rules.skips_locked_rows_where_it_may,
        "UPDATE unit SET turn = 1 WHERE organization_id = $1 AND (import_uid, segment) IN "
        "(SELECT import_uid, segment FROM unit WHERE organization_id = $1 FOR UPDATE SKIP LOCKED)",
    ),
    (
        rules.what_a_conflict_sets_is_immutable,
        "INSERT INTO upload (organization_id, uid) VALUES ($1, $2) "
        "ON CONFLICT (organization_id, uid) DO UPDATE SET at = now()",
    ),
    (
        rules.what_a_conflict_sets_is_immutable,
        "INSERT INTO lane (organization_id) VALUES ($1) "
        "ON CONFLICT (organization_id) DO UPDATE SET at = CURRENT_TIMESTAMP",
    ),
    (rules.nothing_volatile, "UPDATE unit SET done_at = clock_timestamp() WHERE organization_id = $1"),
    (rules.nothing_volatile, "UPDATE lane SET turn = random() * 5 WHERE organization_id = $1"),
    (rules.nothing_volatile, "DELETE FROM event WHERE organization_id = $1 AND seq < random()"),
    (
        rules.nothing_mutable_where_it_is_late,
        "UPDATE unit SET turn = 1 WHERE organization_id = $1 RETURNING now()",
    ),
    (
        rules.nothing_mutable_where_it_is_late,
        "UPDATE unit SET at = CASE WHEN segment > 0 THEN now() END WHERE organization_id = $1",
    ),
    (
        rules.nothing_mutable_where_it_is_late,
        "UPDATE unit SET at = coalesce(done_at, now() + $2) WHERE organization_id = $1",
    ),
    (
        rules.no_query_in_values,
        "INSERT INTO lane (organization_id, turn) VALUES ($1, coalesce((SELECT 1), 0))",
    ),
    (rules.no_row_moves, "UPDATE import SET organization_id = $2 WHERE organization_id = $1"),
    (rules.no_row_moves, "UPDATE import SET turn = 1, organization_id = $2 WHERE organization_id = $1"),
    (rules.no_row_moves, "UPDATE import SET (organization_id, uid) = ($2, $3) WHERE organization_id = $1"),
    (rules.no_merge, "MERGE INTO resource USING changed ON true WHEN MATCHED THEN DO NOTHING"),
    (rules.one_command, "SELECT 1; SELECT 2"),
    (
        rules.conflicts_name_the_organization,
        "INSERT INTO import (organization_id) VALUES ($1) ON CONFLICT DO NOTHING",
    ),
    (
        rules.conflicts_name_the_organization,
        "INSERT INTO import (organization_id) VALUES ($1) ON CONFLICT (uid) DO NOTHING",
    ),
    (rules.nothing_of_one_node, "SELECT pg_try_advisory_xact_lock($1)"),
    (rules.nothing_of_one_node, "SELECT pg_notify('a', 'b')"),
    (rules.arrays_are_of_text, "SELECT 1 FROM unnest($1::int[]) AS k"),
]
TABLE = 'CREATE TABLE one (\n    organization_id text COLLATE "C" NOT NULL,\n    uid uuid'
BAD_MIGRATIONS: list[tuple[Rule, str]] = [
    (rules.keys_begin_with_the_organization, f"{TABLE},\n    PRIMARY KEY (uid, organization_id)\n);\n"),
    (rules.keys_begin_with_the_organization, f"{TABLE} PRIMARY KEY\n);\n"),
    (rules.keys_begin_with_the_organization, f"{TABLE},\n    UNIQUE (uid)\n);\n"),
    (
        rules.keys_begin_with_the_organization,
        f"{TABLE},\n    FOREIGN KEY (uid) REFERENCES import (organization_id)\n);\n",
    ),
    (rules.keys_begin_with_the_organization, f"{TABLE} REFERENCES import\n);\n"),
    (rules.keys_begin_with_the_organization, "CREATE UNIQUE INDEX one_by_uid ON one (uid);\n"),
    (rules.keys_begin_with_the_organization, "ALTER TABLE one ADD CONSTRAINT only UNIQUE (uid);\n"),
    (rules.tables_begin_with_the_organization, "CREATE TABLE one (uid uuid);\n"),
    (rules.tables_begin_with_the_organization, "CREATE TABLE one (LIKE import);\n"),
    (rules.tables_begin_with_the_organization, "CREATE TABLE one (\n    organization_id text NOT NULL\n);\n"),
    (rules.no_triggers, "CREATE TRIGGER told AFTER UPDATE ON import EXECUTE FUNCTION tell();\n"),
    (rules.no_sequences, f"{TABLE},\n    seq bigserial\n);\n"),
    (rules.no_sequences, f"{TABLE},\n    seq bigint GENERATED ALWAYS AS IDENTITY\n);\n"),
    (rules.one_command_a_call, "CREATE INDEX a ON import (uid); CREATE INDEX b ON import (uid);\n"),
    (rules.no_merge, "MERGE INTO import USING unit ON true WHEN MATCHED THEN DELETE;\n"),
]


@pytest.mark.parametrize("rule", STATEMENT_RULES, ids=lambda rule: rule.__name__)
def test_every_statement_keeps_the_rule(rule: Rule) -> None:
    broken = {name: complaints for name in SQL.names() if (complaints := rule(getattr(SQL, name)))}

    excepted = {name for broken_rule, name in EXCEPTIONS if broken_rule is rule}
    assert broken.keys() == excepted, broken


@pytest.mark.parametrize("rule", MIGRATION_RULES, ids=lambda rule: rule.__name__)
def test_every_migration_keeps_the_rule(rule: Rule) -> None:
    assert {
        migration.name: rule(migration.text) for migration in read_migrations() if rule(migration.text)
    } == {}


@pytest.mark.parametrize(("rule", "statement"), BAD_STATEMENTS)
def test_a_bad_statement_is_caught(rule: Rule, statement: str) -> None:
    assert rule(statement)


@pytest.mark.parametrize(("rule", "migration"), BAD_MIGRATIONS)
def test_a_bad_migration_is_caught(rule: Rule, migration: str) -> None:
    assert rule(migration)


def test_every_rule_has_been_shown_something_bad() -> None:
    assert {rule for rule, _ in BAD_STATEMENTS} == set(STATEMENT_RULES)
    assert {rule for rule, _ in BAD_MIGRATIONS} == set(MIGRATION_RULES)


def test_what_looks_over_organizations_neither_locks_nor_changes() -> None:
    for rule, name in EXCEPTIONS:
        if rule is rules.of_one_organization:
            assert not any(query.locks or query.changes for query in queries(getattr(SQL, name))), name


@pytest.mark.parametrize("name", SQL.names())
def test_the_rules_see_every_table_that_a_statement_names(name: str) -> None:
    statement = getattr(SQL, name)
    ours = (*DISTRIBUTED, *PARTITIONS, *LOCAL)

    seen = {table for query in queries(statement) for table, _ in query.tables(ours)}

    assert seen == set(re.findall(rf"\b(?:FROM|INTO|JOIN|UPDATE|USING)\s+({'|'.join(ours)})\b", statement))


def test_what_is_distributed_is_what_the_migrations_make() -> None:
    made = {table for migration in read_migrations() for table in made_tables(migration.text)}

    assert made == {*DISTRIBUTED, *PARTITIONS, *LOCAL}


def test_a_table_of_a_migration_is_found() -> None:
    text = "-- about it\n\nCREATE TABLE one (\n    a text\n);\n\nCREATE INDEX one_by_a ON one (a);\n"

    assert made_tables(text) == ["one"]
    assert len(Migration(1, "0001", text).statements) == 2


def test_nothing_goes_by_the_name_of_a_constraint() -> None:
    """A shard's constraint has the shard's number in its name, and the driver gives none at all."""
    package = Path(imports_service.__file__).parent

    assert [path.name for path in package.rglob("*.py") if "constraint_name" in path.read_text()] == []
