"""The promises of `Database`: what a transaction begins with, how it ends, and what its errors become."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from imports_service.domain.errors import Unavailable
from imports_service.store.database import Database, StatementTimeout, TransactionConflict, open_database
from imports_service.store.lanes import enter_lane
from tests.eventually import eventually

INSERT_LANE = "INSERT INTO lane (organization_id, turn, wake_at) VALUES ($1, 0, now())"


async def test_a_transaction_begins_with_timeouts_below_the_lease(database_url: str) -> None:
    async with (
        open_database(
            database_url, connections=2, application_name="short", lease=timedelta(seconds=6)
        ) as database,
        database.transaction() as connection,
    ):
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in (
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "statement_timeout",
                "citus.propagate_set_commands",
                "application_name",
            )
        ]

    assert shown == ["1s", "2s", "4s", "local", "short"]


async def test_the_timeouts_end_with_the_transaction(database: Database) -> None:
    async with database.transaction() as connection:
        pid = connection.get_server_pid()

    async with database.connection() as connection:
        assert connection.get_server_pid() == pid
        assert await connection.fetchval("SHOW statement_timeout") == "0"


async def test_an_exception_rolls_back_and_passes(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await enter_lane(connection, "acme")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM lane") == 0


async def test_cancelling_rolls_back(database: Database) -> None:
    async def enter() -> None:
        async with database.transaction() as connection:
            await enter_lane(connection, "acme")
            await connection.execute("SELECT pg_sleep(60)")

    async with database.connection() as other, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(enter())
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        await eventually(lambda: other.fetchval(asleep), what="a statement under way")
        task.cancel()

    async with database.transaction() as connection:
        assert await enter_lane(connection, "acme") == 0


async def test_a_swallowed_error_is_no_silent_success(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await enter_lane(connection, "acme")
            with pytest.raises(asyncpg.DivisionByZeroError):
                await connection.execute("SELECT 1/0")

    with pytest.raises(RuntimeError, match="swallowed"):
        await fail()


async def test_a_taken_key_is_a_conflict(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT_LANE, "acme")
            await connection.execute(INSERT_LANE, "acme")

    with pytest.raises(TransactionConflict):
        await fail()


async def test_a_lock_not_had_in_time_is_a_conflict(database_url: str) -> None:
    async with open_database(
        database_url, connections=2, application_name="short", lease=timedelta(seconds=1.2)
    ) as database:

        async def fail() -> None:
            async with database.transaction() as first, database.transaction() as second:
                await enter_lane(first, "acme")
                await enter_lane(second, "acme")

        with pytest.raises(TransactionConflict):
            await fail()


async def test_a_deadlock_is_a_conflict(database: Database) -> None:
    async with database.transaction() as connection:
        await enter_lane(connection, "a")
        await enter_lane(connection, "b")
    both = asyncio.Barrier(2)

    async def enter(organizations: str) -> None:
        async with database.transaction() as connection:
            await enter_lane(connection, organizations[0])
            await both.wait()
            await enter_lane(connection, organizations[1])

    async def fail() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(enter("ab"))
            tasks.create_task(enter("ba"))

    with pytest.raises(ExceptionGroup) as caught:
        await fail()

    assert caught.group_contains(TransactionConflict)


@pytest.mark.parametrize(
    "message",
    ['duplicate key value violates unique constraint "x_102008"', "canceling statement due to lock timeout"],
)
async def test_the_words_of_citus_are_conflicts(database: Database, message: str) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(
                f"DO $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'XX000'; END $$"
            )

    with pytest.raises(TransactionConflict):
        await fail()


async def test_any_other_internal_error_of_the_database_stays_what_it_is(database: Database) -> None:
    with pytest.raises(asyncpg.InternalServerError):
        async with database.transaction() as connection:
            await connection.execute("DO $$ BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = 'XX000'; END $$")


async def test_a_statement_that_takes_too_long_is_a_statement_timeout(database_url: str) -> None:
    async with open_database(
        database_url, connections=1, application_name="short", lease=timedelta(seconds=0.3)
    ) as database:
        with pytest.raises(StatementTimeout):
            async with database.transaction() as connection:
                await connection.execute("SELECT pg_sleep(60)")


async def test_a_mistake_of_ours_stays_what_it_is(database: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError):
        async with database.connection() as connection:
            await connection.fetchval("SELECT $1::text", "one", "too many")


async def test_a_lost_connection_is_an_outage_and_the_next_one_works(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            async with database.connection() as other:
                await other.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
            await enter_lane(connection, "acme")

    with pytest.raises(Unavailable) as caught:
        await fail()

    assert caught.value.reason == "DATABASE_UNAVAILABLE"
    assert not isinstance(caught.value, TransactionConflict | StatementTimeout)
    async with database.transaction() as connection:
        assert await enter_lane(connection, "acme") == 0


async def test_a_connection_that_breaks_while_it_is_given_back_is_nobodys_trouble(database: Database) -> None:
    async with database.connection() as connection:
        pooled: Any = connection
        asyncio.get_running_loop().call_soon(pooled._con.terminate)  # after the release has begun

    async with database.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_nobody_at_the_url_is_an_outage(unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable) as caught:
        async with open_database(
            f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none",
            connections=1,
            application_name="lost",
            lease=timedelta(seconds=30),
        ):
            pass

    assert caught.value.reason == "DATABASE_UNAVAILABLE"


async def test_a_name_that_would_be_cut_is_refused(database_url: str) -> None:
    with pytest.raises(ValueError, match="63 bytes"):
        async with open_database(
            database_url, connections=1, application_name="n" * 64, lease=timedelta(seconds=30)
        ):
            pass


async def test_an_error_does_not_show_the_row_that_it_is_about(database: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        async with database.transaction() as connection:
            await connection.execute(
                "INSERT INTO event VALUES ('acme', 1, gen_random_uuid(), 'spring', 'no kind', NULL, 1, now(), '{}')"
            )

    assert "kind_is_known" in str(caught.value)
    assert "spring" not in str(caught.value)
