"""That the measurement from a commit to the watcher works; what it says is for `make bench`."""

from pathlib import Path

from benchmarks.changes import Changes
from benchmarks.latency import latency_table, measure_latency
from imports_service.embedded.parts import Parts
from imports_service.settings import Settings
from tests.services import environment_of

SAMPLES = 5
ALLOWED_MS = 5_000.0


async def test_every_change_of_either_process_and_of_the_floor_arrives(
    changes: Changes, database_url: str, settings: Settings, parts: Parts, tmp_path: Path
) -> None:
    environment = environment_of(settings, parts)
    del environment["IMPORTS_GRPC_LISTEN"]  # the benchmark takes a port of its own

    measured = await measure_latency(
        database_url, tmp_path, changes, samples=SAMPLES, warm_up=1, settings=environment
    )

    assert {kind: len(figures) for kind, figures in measured.items()} == {
        "raw": SAMPLES,
        "another process": SAMPLES,
        "the same process": SAMPLES,
    }
    assert all(0 < figure < ALLOWED_MS for figures in measured.values() for figure in figures)
    assert len(latency_table(measured).splitlines()) == 5
