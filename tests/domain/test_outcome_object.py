"""The object of outcomes: where parts lie, which are read in one go, and what is cut out of that."""

from imports_service.domain.outcome_object import (
    HEADER,
    MOST_GAP_BYTES,
    Part,
    batches_of,
    cut_out,
    parts_of,
    runs_of,
)

STORED = [(0, b"aaa", None), (1, b"bb", b"issues"), (4, b"c", b""), (5, b"dddd", b"i")]
WHOLE = HEADER + b"".join(outcomes + (issues or b"") for _, outcomes, issues in STORED)


def parts() -> list[Part]:
    return parts_of(
        (segment, len(outcomes), None if issues is None else len(issues))
        for segment, outcomes, issues in STORED
    )


def test_the_header_says_the_version() -> None:
    assert HEADER == b'{"v":1}\n'


def test_every_part_is_found_in_the_whole_and_in_any_run() -> None:
    for first in range(len(STORED)):
        [run] = runs_of(parts()[first:])
        start = run[0].place
        data = WHOLE[start : run[-1].end]
        assert [(part.segment, *cut_out(part, data, start)) for part in run] == STORED[first:]
    assert parts()[-1].end == len(WHOLE)


def test_parts_that_lie_far_apart_are_read_one_by_one() -> None:
    far = 100 + MOST_GAP_BYTES
    a, b, c = Part(0, 0, 100, None), Part(5, far, 10, None), Part(9, far + 11 + MOST_GAP_BYTES, 1, None)

    assert runs_of([a, b, c]) == [[a, b], [c]]
    assert runs_of([]) == []


def test_batches_are_bounded_by_number_and_size_and_leave_nothing_out() -> None:
    assert [[part.size for part in batch] for batch in batches_of(parts(), most_bytes=9, most=9)] == [
        [3],
        [8, 1],
        [5],
    ]
    assert [len(batch) for batch in batches_of(parts(), most_bytes=1, most=9)] == [1] * 4
    assert [len(batch) for batch in batches_of(parts(), most_bytes=99, most=3)] == [3, 1]
    assert list(batches_of([], most_bytes=9, most=9)) == []
