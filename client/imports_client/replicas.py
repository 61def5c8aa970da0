"""The replicas of the service that a caller knows, each with a channel and stubs of its own, and which one is asked.

Any replica serves any call, so all that matters of one is whether it answers.
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc

from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from commerce.imports.v1.resources_pb2_grpc import ResourceServiceStub

if TYPE_CHECKING:  # the types of the stubs know it, the stubs themselves do not
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub
    from commerce.imports.v1.resources_pb2_grpc import ResourceServiceAsyncStub


class Replica:
    """A channel and its stubs. Its address may stand for several servers behind one name."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.imports: ImportServiceAsyncStub = ImportServiceStub(channel)
        self.resources: ResourceServiceAsyncStub = ResourceServiceStub(channel)

    @property
    def is_closed(self) -> bool:
        """By its owner: no call can be made any more, and those that were under way are cancelled."""
        return self.channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN


class Replicas:
    """At least one. All calls go to the current one, until one of them finds it gone and leaves it."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        self._all = [Replica(channel) for channel in channels]
        self._place = random.randrange(
            len(self._all)
        )  # callers with the same list should not all ask the first

    def __len__(self) -> int:
        return len(self._all)

    @property
    def current(self) -> Replica:
        return self._all[self._place]

    def in_turn(self) -> Sequence[Replica]:
        """All, from the current one on."""
        return self._all[self._place :] + self._all[: self._place]

    def leave(self, replica: Replica) -> None:
        """Go on to the next one, unless another call has done so already."""
        if replica is self.current:
            self._place = (self._place + 1) % len(self._all)
