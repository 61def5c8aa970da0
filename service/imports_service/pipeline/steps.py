"""How much of a document the scanners read before others get their turn.

Their time goes by tokens, about half a microsecond each, and not by bytes.
"""

from collections.abc import Iterator

STEP_BYTES = 4 * 1024
DENSE_STEP_BYTES = 512
MANY_MARKS = 512


def steps_of(data: bytes, marks: tuple[bytes, ...]) -> Iterator[bytes]:
    """The data in pieces, shorter where the marks that begin or part tokens stand close together."""
    for start in range(0, len(data), STEP_BYTES):
        piece = data[start : start + STEP_BYTES]
        if sum(map(piece.count, marks)) <= MANY_MARKS:
            yield piece
        else:
            for at in range(0, len(piece), DENSE_STEP_BYTES):
                yield piece[at : at + DENSE_STEP_BYTES]
