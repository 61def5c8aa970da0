"""Repetitions across segments are found, whatever their distance, in memory that is bounded and then let go."""

import random
import tracemalloc
from collections.abc import Iterable

import pytest

from imports_service.pipeline.hashes import STEP_HASHES, RepeatedHashes

KIB = 1024


def taken(segments: Iterable[set[int]], most: int = 1_000_000) -> RepeatedHashes:
    hashes = RepeatedHashes(most)
    for segment in segments:
        list(hashes.add(segment))
    return hashes


@pytest.mark.parametrize(
    ("segments", "repeated"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([{1, 2}, {3}], False, id="distinct"),
        pytest.param([{1, 2}, {2}], True, id="neighbours"),
        pytest.param([{1, 2}, {3}, set(), {2}], True, id="far away"),
        pytest.param([{-1, 2**63 - 1}, {3}, {-(2**63)}, {-1}], True, id="negative ones"),
        pytest.param([{7, 7 + 256}, {3}, {7 + 512}], False, id="of one partition"),
    ],
)
def test_repetitions_are_found(segments: list[set[int]], repeated: bool) -> None:
    hashes = taken(segments)
    list(hashes.search())

    assert hashes.repeated is repeated


def test_there_is_a_most_of_all_segments_together() -> None:
    assert not taken([{1, 2}, {3}], most=3).full
    assert taken([{1, 2}, {3, 4}], most=3).full


def test_steps_are_small() -> None:
    hashes = RepeatedHashes()

    assert len(list(hashes.add(set(range(3 * STEP_HASHES))))) == 4
    assert len(list(hashes.search())) > 100


@pytest.mark.parametrize("end", ["full", "repeated", "searched"])
def test_eight_bytes_are_held_for_each_and_none_at_the_end(end: str) -> None:
    numbers = random.Random(0)
    hashes = RepeatedHashes(201_000)
    tracemalloc.start()
    try:
        for _ in range(200):
            segment = {numbers.getrandbits(63) for _ in range(1_000)}
            list(hashes.add(segment))
        held = tracemalloc.get_traced_memory()[0] / KIB
        if end == "full":
            list(hashes.add({numbers.getrandbits(63) for _ in range(2_000)}))
        elif end == "repeated":
            list(hashes.add(segment))
        else:
            list(hashes.search())
        del segment
        left = tracemalloc.get_traced_memory()[0] / KIB
    finally:
        tracemalloc.stop()

    assert held < 2_200  # 200,000 of 8 bytes are 1,563 KiB, with room to grow, and the last segment
    assert left < 50
