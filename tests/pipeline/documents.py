"""Documents cut into chunks, split, and put together again for comparison."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.imports import Format
from imports_service.domain.registry import load_registry
from imports_service.pipeline.segments import pack, unpack
from imports_service.pipeline.splitter import Segment, SplitOptions, Splitter

REGISTRY = load_registry()


def splitter(*, resource_type: str = "skus", format: Format = Format.JSON, **options: Any) -> Splitter:
    """A splitter with the defaults of the service."""
    return Splitter(
        SplitOptions(
            format=format,
            resource_type=REGISTRY.types[resource_type],
            registry=REGISTRY,
            **options,
        )
    )


def split(document: bytes | Iterable[bytes], **options: Any) -> list[Segment]:
    """The segments of a document that comes whole, or in the chunks given."""
    return list(split_with(splitter(**options), document))


def split_with(splitting: Splitter, document: bytes | Iterable[bytes]) -> Iterator[Segment]:
    for chunk in [document] if isinstance(document, bytes) else document:
        yield from filter(None, splitting.feed(chunk))
    yield from filter(None, splitting.finish())


def rows_of(segments: Sequence[Segment]) -> list[object]:
    """What was kept of each row, read back from segment files; the code where nothing was."""
    rows: list[object] = []
    for segment in segments:
        header, lines = unpack(pack(segment.header, segment.lines))
        refused = header.refused_codes()
        rows += [
            refused[place].value if place in refused else json.loads(line) for place, line in enumerate(lines)
        ]
    return rows


def refusal(document: bytes | Iterable[bytes], **options: Any) -> InvalidArgument:
    """Why the document is refused."""
    with pytest.raises(InvalidArgument) as caught:
        split(document, **options)
    return caught.value


def place_of(refused: InvalidArgument) -> tuple[str, int, int, int]:
    """The reason and the line, column and byte offset of a refusal."""
    facts = refused.facts
    return refused.reason, int(facts["line"]), int(facts["column"]), int(facts["offset"])


def cuts_of(document: bytes) -> st.SearchStrategy[list[bytes]]:
    """The document cut into chunks anywhere, in the middle of characters too."""
    return st.lists(st.integers(0, len(document)), max_size=8).map(
        lambda places: [
            document[start:end]
            for start, end in zip([0, *sorted(places)], [*sorted(places), len(document)], strict=True)
        ]
    )
