"""What happens in an example: commands, watches, faults. Each step is drawn, and says itself what it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from commerce.imports.v1 import imports_pb2 as pb

ORGANIZATIONS = 2
ACTS = 5
REFERENCES = ("", "spring-1", "spring-2", "autumn")


@dataclass(frozen=True)
class Create:
    organization: int
    takes_over: bool
    """Under the name of an import that was deleted, if there is one."""
    kind: str
    rows: int
    bad: int
    """So many per cent of the rows fail."""
    in_order: bool
    rehearsal: bool
    skip_errors: bool
    reference: str
    is_wide: bool
    """With metadata of 20 kB, in every event."""


@dataclass(frozen=True)
class Update:
    organization: int
    which: int
    reference: str


@dataclass(frozen=True)
class Interrupt:
    organization: int
    which: int


@dataclass(frozen=True)
class Delete:
    organization: int
    which: int


@dataclass(frozen=True)
class Burst:
    """Updates of all imports of the organization at once."""

    organization: int
    reference: str


@dataclass(frozen=True)
class WatchOne:
    organization: int
    which: int
    server: int


@dataclass(frozen=True)
class WatchMany:
    organization: int
    server: int
    wanted: Mapping[str, Any] = field(default_factory=dict)

    @property
    def filter(self) -> pb.ImportFilter:
        return pb.ImportFilter(**self.wanted)


@dataclass(frozen=True)
class Fault:
    """Something that befalls a server. `what` is a method of `Play`."""

    what: str
    server: int
    dice: int


@dataclass(frozen=True)
class Whim:
    """Something that a watcher does on its own. `what` is a method of `Play`."""

    what: str
    watcher: int


@dataclass(frozen=True)
class Pause:
    milliseconds: int


Step = Create | Update | Interrupt | Delete | Burst | WatchOne | WatchMany | Fault | Whim | Pause


@dataclass(frozen=True)
class Schedule:
    """The steps of an example, in order; commands are not waited for. `dice` chooses the tokens to resume from."""

    steps: list[Step]
    dice: int

    @property
    def is_calm(self) -> bool:
        """Whether nothing befalls the servers."""
        return not any(isinstance(step, Fault) for step in self.steps)

    def __str__(self) -> str:
        return "\n".join(["the schedule:", *(f"  {step}" for step in self.steps if step != Pause(0))])


_organizations = st.sampled_from([*range(ORGANIZATIONS), 0, 0])
_which = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
"""Which import of its organization, counted from the last one that was asked for."""
_servers = st.integers(0, 1)
_references = st.sampled_from(REFERENCES)

_creations = st.builds(
    Create,
    organization=_organizations,
    takes_over=st.booleans(),
    kind=st.sampled_from(["addresses", "skus"]),
    rows=st.sampled_from([1, 5, 30, 90, 300, 600]),
    bad=st.sampled_from([0, 0, 5, 50]),
    in_order=st.booleans(),
    rehearsal=st.sampled_from([False, False, True]),
    skip_errors=st.booleans(),
    reference=_references,
    is_wide=st.sampled_from([False, False, False, True]),
)
_filters = st.fixed_dictionaries(
    {},
    optional={
        "statuses": st.sampled_from(
            [
                [pb.STATUS_PENDING],
                [pb.STATUS_IN_PROGRESS],
                [pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED],
                [pb.STATUS_PENDING, pb.STATUS_IN_PROGRESS],
            ]
        ),
        "resource_types": st.sampled_from([["skus"], ["addresses"], ["prices", "skus"]]),
        "reference": st.sampled_from(["spring-1", "autumn"]),
        "reference_prefix": st.sampled_from(["spring", "autumn"]),
    },
)
_many = st.builds(
    WatchMany, organization=_organizations, server=_servers, wanted=st.one_of(st.builds(dict), _filters)
)
_one = st.builds(WatchOne, organization=_organizations, which=_which, server=_servers)
_faults = st.builds(
    Fault,
    what=st.sampled_from(
        [
            "kill",
            "kill_worker",
            "freeze",
            "freeze_worker",
            "cut_listener",
            "cut_backends",
            "cut_clients",
        ]
    ),
    server=_servers,
    dice=st.integers(0, 1_000),
)
_whims = st.builds(
    Whim, what=st.sampled_from(["move", "leave", "stop_reading", "read_on"]), watcher=st.integers(0, 7)
)
_changes = st.one_of(
    st.builds(Burst, organization=_organizations, reference=_references),
    st.builds(Update, organization=_organizations, which=_which, reference=_references),
    st.builds(Interrupt, organization=_organizations, which=_which),
    st.builds(Delete, organization=_organizations, which=_which),
)
_pauses = st.builds(Pause, milliseconds=st.sampled_from([0, 10, 50, 200]))


def schedules(*, one: bool = True, many: bool = True, faults: bool = True) -> st.SearchStrategy[Schedule]:
    """Schedules with watches of one import or of an organization's, or with both."""
    watches = st.one_of(([_one] if one else []) + ([_many] if many else []))
    kinds = [_pauses] * 3 + [_creations] * 3 + [_changes] * 4 + [watches] * 2 + [_whims] * 2
    kinds += [_faults] if faults else []
    # several lists: hypothesis makes one that may be short a short one
    acts = st.tuples(*[st.lists(st.one_of(kinds), min_size=3, max_size=10)] * ACTS)
    return st.builds(
        lambda begin, acts, dice: Schedule([*begin, *(step for act in acts for step in act)], dice),
        st.tuples(_creations, watches),
        acts,
        st.integers(0, 2**31),
    )
