"""The way to PostgreSQL: a pool, transactions with their timeouts, and the driver's errors in our words.

A transaction is taken, used and given back in one block; nothing outside this package sees the driver.
Whoever gets `TransactionConflict` runs the whole transaction again: part of one cannot be repeated.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from imports_service.domain.errors import Unavailable
from imports_service.pulse import PartSilent, Pulse

if TYPE_CHECKING:
    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = PoolConnectionProxy
    Pool = asyncpg.Pool

CONNECT_SECONDS = 5.0
ROLLBACK_SECONDS = 2.0
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
MAX_NAME_BYTES = 63
"""PostgreSQL cuts a longer application_name, and a frozen worker's connections could not be told from
others'."""

# One round trip. No SET LOCAL takes a parameter; the three numbers are ours. The first setting makes the
# timeouts reach the shards of Citus, plain PostgreSQL takes it for a setting of nobody.
BEGIN = """\
BEGIN;
SET LOCAL citus.propagate_set_commands = 'local';
SET LOCAL lock_timeout = {lock};
SET LOCAL idle_in_transaction_session_timeout = {idle};
SET LOCAL statement_timeout = {statement}"""


class TransactionConflict(Unavailable):
    """Another transaction was in the way; the same transaction may go through when it is run again."""


class StatementTimeout(Unavailable):
    """A statement, or the pause between two, took longer than a transaction may, in a database that answers."""


class Database:
    """The connections of one process. Made by `open_database`.

    `pulse` says whether the database answers, if somebody asks it: who waits for one that does not is told so.
    """

    def __init__(self, pool: Pool, *, lease: timedelta) -> None:
        self.pulse = Pulse("database")
        self._pool = pool
        milliseconds = lease.total_seconds() * 1000
        # all below the lease: when it runs out no transaction of a living worker is open any more
        self._begin = BEGIN.format(
            lock=int(milliseconds / 6), idle=int(milliseconds / 3), statement=int(milliseconds * 2 / 3)
        )

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection, None]:
        """A connection for reads, each statement a transaction of its own.

        Raises `Unavailable` (DATABASE_UNAVAILABLE), `StatementTimeout`, `TransactionConflict`.
        """
        began = asyncio.get_running_loop().time()
        try:
            async with self.pulse.patience():
                connection = await self._acquire()
                try:
                    with _in_our_words(connection, self._had_trouble_since(began)):
                        yield connection
                finally:
                    if self.pulse.is_silent:
                        _throw_away(connection)  # or giving it back would wait for an answer
                    with suppress(asyncpg.InternalClientError):  # breaking now, it has gone back by itself
                        await self._pool.release(connection)
        except PartSilent as silent:
            raise _unavailable(silent) from silent

    def _had_trouble_since(self, began: float) -> Callable[[], bool]:
        return lambda: self.pulse.had_trouble_since(began)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection, None]:
        """A transaction, committed at the end of the block and rolled back when an exception leaves it.

        Raises `Unavailable` (DATABASE_UNAVAILABLE; after it the commit may or may not have happened),
        `StatementTimeout`, `TransactionConflict`.
        """
        async with self.connection() as connection:
            try:
                await connection.execute(self._begin)
            except BaseException:
                _throw_away(connection)  # it may begin yet
                raise
            try:
                yield connection
                await _commit(connection)
            except BaseException:
                if self.pulse.is_silent:
                    _throw_away(connection)
                else:
                    await _roll_back(connection)
                raise

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Connection, None]:
        """A transaction that only reads, and in which every statement sees the same state.

        Raises what `transaction` raises.
        """
        async with self.transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    async def _acquire(self) -> Connection:
        try:
            return await self._pool.acquire(timeout=CONNECT_SECONDS)
        except DRIVER_ERRORS as error:
            raise _unavailable(error) from error


@asynccontextmanager
async def open_database(
    url: str, *, connections: int, application_name: str, lease: timedelta
) -> AsyncGenerator[Database, None]:
    """The database behind the URL, with at most so many connections, for as long as the block lasts.

    `application_name` is the worker's name in its leases. Raises `Unavailable` when nobody answers, and
    `ValueError` for a name that PostgreSQL would cut.
    """
    if len(application_name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"application_name is over {MAX_NAME_BYTES} bytes: {application_name}")
    pool = asyncpg.create_pool(
        url,
        min_size=1,
        max_size=connections,
        timeout=CONNECT_SECONDS,
        command_timeout=lease.total_seconds(),
        max_inactive_connection_lifetime=300,
        reset=_leave_as_it_is,
        server_settings={"application_name": application_name},
    )
    try:
        await pool
    except DRIVER_ERRORS as error:
        raise _unavailable(error) from error
    try:
        yield Database(pool, lease=lease)
    finally:
        await _close(pool)


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _leave_as_it_is(connection: Any) -> None:
    """Connections that are given back carry nothing: all settings are SET LOCAL, so no reset has to travel."""


async def _commit(connection: Connection) -> None:
    if await connection.execute("COMMIT") != "COMMIT":
        # PostgreSQL answers the COMMIT of a failed transaction with a friendly ROLLBACK
        raise RuntimeError("an error inside the transaction was swallowed: nothing of it is stored")


async def _roll_back(connection: Connection) -> None:
    """Bounded in time; a connection that does not even roll back, or is not let to, is thrown away."""
    try:
        if not _is_lost(connection) and connection.is_in_transaction():
            await connection.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
    except BaseException as error:
        _throw_away(connection)
        if not isinstance(error, DRIVER_ERRORS):
            raise


def _throw_away(connection: Connection) -> None:
    if not _is_lost(connection):
        connection.terminate()


def _is_lost(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True  # the pool takes a connection back by itself when it breaks


CONFLICTS = (
    asyncpg.UniqueViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
OUTAGES = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
    # what the driver says when the server's farewell has arrived and the end of the connection has not
    asyncpg.InternalClientError,
    # the driver waits longer than the server lets a statement run: it has had no answer at all
    TimeoutError,
)
TIMEOUTS = (asyncpg.QueryCanceledError, asyncpg.IdleInTransactionSessionTimeoutError)


@contextmanager
def _in_our_words(connection: Connection, had_trouble: Callable[[], bool]) -> Iterator[None]:
    """`had_trouble`: whether the database did not answer others meanwhile. Then a timeout is no fault of its
    transaction."""
    try:
        yield
    except DRIVER_ERRORS as error:
        if isinstance(error, asyncpg.PostgresError):
            error.detail = None  # shows the row in question, and rows must not reach a log
        if isinstance(error, CONFLICTS) or _is_conflict_on_citus(error):
            raise TransactionConflict(
                "other transactions were in the way",
                reason="DATABASE_UNAVAILABLE",
                cause=type(error).__name__,
            ) from error
        if isinstance(error, TIMEOUTS) and not had_trouble():
            raise StatementTimeout("the database took too long", reason="DATABASE_UNAVAILABLE") from error
        if isinstance(error, (*OUTAGES, *TIMEOUTS)) or _is_lost(connection):
            raise _unavailable(error) from error
        raise


def _is_conflict_on_citus(error: Exception) -> bool:
    """Inside COPY and INSERT .. SELECT the shards' errors arrive as XX000, with lc_messages=C in these
    words."""
    if not isinstance(error, asyncpg.InternalServerError):
        return False
    message = str(error)
    return message.startswith("duplicate key value") or message == "canceling statement due to lock timeout"


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable("the database is away", reason="DATABASE_UNAVAILABLE", cause=type(error).__name__)
