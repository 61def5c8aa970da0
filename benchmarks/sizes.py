"""How much is measured: all of it, or just enough to see that the measuring works."""

from dataclasses import dataclass, field

GIB = 1024**3
STREAMS_PER_CHANNEL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchingSize:
    """How much to measure. `rounds`: changes that all watchers are told, one after the other."""

    watchers: int = 10_000
    rounds: int = 4
    settle_seconds: float = 3.0
    idle_seconds: float = 30.0
    within: float = 60.0
    """How long to wait for everybody at most, each time."""

    @property
    def channels(self) -> int:
        return max(2, self.watchers // STREAMS_PER_CHANNEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The defaults are what RESULTS.md is made of. Rounds alternate; the first is to warm up and does not count."""

    rows: int = 100_000
    large_rows: int = 1_000_000
    django_rows: int = 20_000
    pairs: int = 5
    """Rounds that count."""
    document_bytes: tuple[int, ...] = (GIB, 2 * GIB)
    wide_row_bytes: int = 100_000
    samples: int = 300
    """Commits told to one watcher, of each kind."""
    small_imports: int = 20
    """Imports of one row behind a large one."""
    calls_import_rows: int = 300_000
    """The import that GetImport is called beside."""
    warm_up_samples: int = 30
    idle_calls_seconds: float = 5.0
    layouts: tuple[str, ...] = ("1,000 imports", "100 organizations", "one import", "one organization")
    """Over what the watchers are spread; see `parts.watching`."""
    watching: WatchingSize = field(default_factory=WatchingSize)

    @property
    def is_full(self) -> bool:
        """Whether the figures are those of RESULTS.md."""
        return self == Sizes()


QUICK = Sizes(
    rows=2_000,
    large_rows=6_000,
    django_rows=500,
    pairs=0,
    document_bytes=(4 * 1024**2, 8 * 1024**2),
    samples=5,
    warm_up_samples=1,
    idle_calls_seconds=0.3,
    layouts=("one organization",),
    small_imports=2,
    calls_import_rows=6_000,
    watching=WatchingSize(watchers=200, rounds=2, settle_seconds=0.3, idle_seconds=0.0, within=30.0),
)
"""No figure of it means anything."""
