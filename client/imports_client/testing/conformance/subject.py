"""What the suite needs of an implementation besides its calls."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub


class Subject(Protocol):
    """An implementation under test. One check after the other uses it, each in organizations of its own."""

    @property
    def imports(self) -> "ImportServiceAsyncStub":
        """Stubs of the server as it runs now; those asked for before a restart stay open till the end."""

    @property
    def heartbeat_seconds(self) -> float:
        """The silence after which its watches say that they are alive; the suite waits for some of them."""

    @property
    def patience_seconds(self) -> float:
        """How long the suite waits for what has to come, before it says that it does not."""

    async def hold_work(self) -> None:
        """From the return on no import starts, finishes a row or ends, until `release_work`."""

    async def release_work(self) -> None:
        """Let imports run; harmless where they do."""

    async def expire_events(self) -> None:
        """Forget all events that there are, as the retention of events does in time."""

    async def restart(self) -> None:
        """Stop the server as for an update, wait for its end, and start it on the same data."""
