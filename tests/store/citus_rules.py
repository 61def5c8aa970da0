"""What Citus refuses of SQL, as far as the text of a statement or a migration shows it.

A rule is a function from a text to complaints. It sees only what `tests.store.queries` does.
"""

import re
from collections.abc import Callable, Iterator

from imports_service.store.distribute import DISTRIBUTED as TABLES
from imports_service.store.distribute import LOCAL, PARTITIONS
from imports_service.store.migrate import Migration
from tests.store.queries import Query, plain, queries

DISTRIBUTED = (*TABLES, *PARTITIONS)

ON_A_COORDINATOR = frozenset({"list_citus_tables", "distribute_table", "share_local_table"})
"""The statements that call what only Citus has; test_distribute runs them on a stand-in."""

Rule = Callable[[str], list[str]]

VOLATILE = r"clock_timestamp|timeofday|random|gen_random_uuid|uuidv4|uuidv7|nextval|setval|pg_sleep"
STABLE = r"now|transaction_timestamp|statement_timestamp|current_setting|to_char|date_trunc|age"
IS_VOLATILE = re.compile(rf"\b(?:{VOLATILE})⟨")
IS_MUTABLE = re.compile(
    rf"\b(?:{VOLATILE}|{STABLE})⟨|\b(?:current_(?:timestamp|date|time)|localtime(?:stamp)?)\b", re.IGNORECASE
)


def of_one_organization(statement: str) -> list[str]:
    """Every query on a distributed table asks for one organization, and an INSERT says whose rows it makes."""
    return [complaint for query in queries(statement) for complaint in _unpinned(query)]


def locks_in_one_organization(statement: str) -> list[str]:
    """What locks or changes rows of a distributed table does so in one organization."""
    return [
        complaint
        for query in queries(statement)
        if query.locks or query.changes
        for complaint in _unpinned(query)
    ]


def _unpinned(query: Query) -> Iterator[str]:
    tables = query.tables(DISTRIBUTED)
    target = re.search(
        r"\bINSERT INTO (\w+)⟨([^⟩]*)⟩ ?(VALUES ?⟨\$1\b|SELECT (?:\$1\b|organization_id,))?", query.text
    )
    sources = len(tables) - bool(target and target[1] in DISTRIBUTED)
    for table, alias in tables:
        if target and table == target[1]:
            if not target[2].strip().startswith("organization_id") or not target[3]:
                yield f"rows are put into {table} without an organization in the first place"
        elif not query.pins(alias, is_alone=sources == 1):
            yield f"{table} is read or changed without organization_id = $n"
    if re.search(r"\bINSERT INTO", query.level) and tables and not target:
        yield "an INSERT does not name its columns"


def the_lane_alone(statement: str) -> list[str]:
    """The lane is local: a statement that names it names no distributed table."""
    all_queries = queries(statement)
    is_about_lanes = any(query.tables(LOCAL) for query in all_queries)
    others = {table for query in all_queries for table, _ in query.tables(DISTRIBUTED)}
    return [f"the lane together with {table}" for table in sorted(others) if is_about_lanes]


def skips_locked_rows_where_it_may(statement: str) -> list[str]:
    """SKIP LOCKED stands in one organization or on the lane; and not inside of IN."""
    found = queries(statement)
    complaints = [
        "SKIP LOCKED over organizations"
        for query in found
        if "SKIP LOCKED" in query.level
        and not query.tables(LOCAL)
        and (not query.tables(DISTRIBUTED) or [*_unpinned(query)])
    ]
    for query in found:
        for place in re.findall(r"\bIN ?⟪(\d+)⟫", query.text):
            if found[int(place)].locks:
                complaints.append("IN over rows that are locked")
    return complaints


def what_a_conflict_sets_is_immutable(statement: str) -> list[str]:
    """DO UPDATE takes the time from the row that was proposed, or from a parameter."""
    return [
        f"{found[0].rstrip('⟨')} in DO UPDATE"
        for query in queries(statement)
        if (found := IS_MUTABLE.search(query.text.partition("DO UPDATE")[2]))
    ]


def nothing_volatile(statement: str) -> list[str]:
    """What differs from row to row, or from node to node, comes as a parameter."""
    return [
        f"{found[0].rstrip('⟨')} is volatile"
        for query in queries(statement)
        if query.changes and (found := IS_VOLATILE.search(query.text))
    ]


def nothing_mutable_where_it_is_late(statement: str) -> list[str]:
    """In RETURNING, CASE and COALESCE of a change not even now() is taken."""
    complaints = []
    for query in queries(statement):
        if not query.changes:
            continue
        late = {
            "RETURNING": query.text.partition("RETURNING ")[2],
            "CASE": " ".join(re.findall(r"\bCASE\b.*?\bEND\b", query.text)),
            "COALESCE": " ".join(re.findall(r"coalesce⟨(?:[^⟨⟩]|⟨[^⟨⟩]*⟩)*⟩", query.text, re.IGNORECASE)),
        }
        if query.text.startswith("INSERT") and "DO UPDATE" not in query.text:
            late = {"RETURNING": late["RETURNING"]}
        complaints += [
            f"now() or the like in {where}" for where, text in late.items() if IS_MUTABLE.search(text)
        ]
    return complaints


def no_query_in_values(statement: str) -> list[str]:
    """INSERT .. VALUES has no query among its values; INSERT .. SELECT may."""
    return [
        "a query in VALUES"
        for query in queries(statement)
        if re.search(r"\bVALUES ?⟨.*⟪", query.text.partition("ON CONFLICT")[0])
    ]


def no_row_moves(statement: str) -> list[str]:
    """Nothing changes the organization of a row."""
    return [
        "organization_id is changed"
        for query in queries(statement)
        for sets in re.findall(r"\bSET (.*?)(?: FROM | WHERE | RETURNING |$)", query.level)
        if re.search(r"(?:^|, )organization_id =|\(\) =", sets)
    ]


def no_merge(statement: str) -> list[str]:
    return ["MERGE"] if re.search(r"\bMERGE INTO\b", plain(statement), re.IGNORECASE) else []


def one_command(statement: str) -> list[str]:
    """One command a call."""
    return ["more than one command"] if ";" in plain(statement) else []


def conflicts_name_the_organization(statement: str) -> list[str]:
    """ON CONFLICT goes by a key that begins with organization_id."""
    return [
        "ON CONFLICT by a key without organization_id"
        for query in queries(statement)
        if re.search(r"\bON CONFLICT(?! ?⟨organization_id\b)", query.text)
    ]


def nothing_of_one_node(statement: str) -> list[str]:
    """Advisory locks and notifications are known to one node only: locks are rows."""
    return [
        f"{name} is known to one node"
        for name in re.findall(r"\bpg_(?:try_)?advisory\w*|\bpg_notify", statement)
    ]


def arrays_are_of_text(statement: str) -> list[str]:
    """The first parameter of another array type costs a connection half a second: text[] and casts."""
    return [
        f"a parameter of type {name}" for name in re.findall(r"\$\d+::((?!text\b)\w+\[\])", plain(statement))
    ]


STATEMENT_RULES: tuple[Rule, ...] = (
    of_one_organization,
    locks_in_one_organization,
    the_lane_alone,
    skips_locked_rows_where_it_may,
    what_a_conflict_sets_is_immutable,
    nothing_volatile,
    nothing_mutable_where_it_is_late,
    no_query_in_values,
    no_row_moves,
    no_merge,
    one_command,
    conflicts_name_the_organization,
    nothing_of_one_node,
    arrays_are_of_text,
)


def commands_of(migration: str) -> list[str]:
    """The commands of a migration as they are sent, plain."""
    return [plain(part) for part in Migration(1, "0001", migration).statements]


def made_tables(migration: str) -> list[str]:
    return [match[1] for part in commands_of(migration) if (match := re.match(r"CREATE TABLE (\w+)", part))]


def keys_begin_with_the_organization(migration: str) -> list[str]:
    """Primary keys, unique constraints, unique indexes and foreign keys."""
    complaints = []
    for part in commands_of(migration):
        complaints += [
            f"{kind} ({columns})"
            for kind, columns in re.findall(
                r"\b(PRIMARY KEY|UNIQUE(?: NULLS NOT DISTINCT)?|FOREIGN KEY|REFERENCES \w+) ?\(([^)]*)\)",
                part,
            )
            if not columns.startswith("organization_id")
        ]
        if re.search(
            r'(?<!organization_id text COLLATE "C" NOT NULL )\b(?:PRIMARY KEY|UNIQUE)\b(?! ?\(| INDEX| NULLS)',
            part,
        ):
            complaints.append("a column is a key by itself")
        if re.search(r"\bREFERENCES \w+ ?(?:,|\)|$)|\bEXCLUDE\b", part):
            complaints.append("a reference without columns, or an EXCLUDE")
        if (index := re.match(r"CREATE UNIQUE INDEX .*? ON \w+ ?\(([^)]*)", part)) and not index[
            1
        ].startswith("organization_id"):
            complaints.append(f"unique index ({index[1]})")
    return complaints


def tables_begin_with_the_organization(migration: str) -> list[str]:
    """One type and collation everywhere, or tables do not lie beside each other. A partition has those of its table."""
    return [
        part.partition("(")[0].strip()
        for part in commands_of(migration)
        if part.startswith("CREATE TABLE")
        and not re.match(
            r'CREATE TABLE \w+ (?:PARTITION OF \w+ |\(organization_id text COLLATE "C" NOT NULL\b)', part
        )
    ]


def no_triggers(migration: str) -> list[str]:
    return re.findall(
        r"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?(?:TRIGGER|RULE|FUNCTION|PROCEDURE)",
        " ".join(commands_of(migration)),
    )


def no_sequences(migration: str) -> list[str]:
    """Numbers of a sequence begin anew when a table becomes local to Citus, and differ from node to node."""
    return re.findall(
        r"\b(?:small|big)?serial\b|\bAS IDENTITY\b|\bnextval\b|\bCREATE SEQUENCE\b",
        " ".join(commands_of(migration)),
    )


def one_command_a_call(migration: str) -> list[str]:
    return ["more than one command in a call" for part in commands_of(migration) if ";" in part]


MIGRATION_RULES: tuple[Rule, ...] = (
    keys_begin_with_the_organization,
    tables_begin_with_the_organization,
    no_triggers,
    no_sequences,
    one_command_a_call,
    no_merge,
)
