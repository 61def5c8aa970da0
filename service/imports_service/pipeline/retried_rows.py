"""The rows of a retry: taken out of the segments of an earlier import and cut into segments anew.

Rows stay as they were kept, with what their segment notes of them, and keep their numbers. Which of them are taken is
for the caller to say.
"""

from collections.abc import Sequence

import msgspec

from imports_service.domain.outcomes import ranges_of
from imports_service.pipeline.collector import RowCollector, Segment
from imports_service.pipeline.segments import SegmentHeader


class RetriedRows:
    """Takes rows in row order. Holds less than a segment, and the segments that the caller has not taken."""

    def __init__(self, *, segment_rows: int, segment_bytes: int, max_inputs: int) -> None:
        self._limits = {
            "segment_rows": segment_rows,
            "segment_bytes": segment_bytes,
            "max_inputs": max_inputs,
        }
        self._collector: RowCollector | None = None
        self._numbers: list[int] = []  # of the rows that are in no segment yet

    def add(self, header: SegmentHeader, lines: Sequence[bytes], places: Sequence[int]) -> list[Segment]:
        """Take the rows at these places of a segment; the segments that became full are returned.

        A few thousand rows take milliseconds. All segments must be of one import.
        """
        collector = self._collector_for(header)
        refused, emptied = header.refused_codes(), header.emptied_columns()
        numbers = header.row_numbers()
        self._numbers += [numbers[place] for place in places]
        plain: list[bytes] = []
        for place in places:
            if place not in refused and place not in emptied:
                plain.append(lines[place])
                continue
            collector.add(plain)
            plain = []
            if place in refused:
                collector.refuse(refused[place])
            else:
                collector.add_emptied(lines[place], list(emptied[place]))
        collector.add(plain)
        return self._numbered(collector.take())

    def finish(self) -> list[Segment]:
        """The segments not taken yet, the last and shorter one included."""
        return self._numbered(self._collector.finish()) if self._collector is not None else []

    def _collector_for(self, header: SegmentHeader) -> RowCollector:
        """One for all segments: they were split in one go, so the first one speaks for the others."""
        if self._collector is None:
            self._collector = RowCollector(kind=header.kind, registry_hash=header.registry, **self._limits)
            self._collector.columns = header.columns
        return self._collector

    def _numbered(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments, whose rows are numbered from 1, with the numbers of the document first sent."""
        numbered = []
        for segment in segments:
            numbers = self._numbers[: segment.row_count]
            del self._numbers[: segment.row_count]
            header = msgspec.structs.replace(segment.header, rows=ranges_of(numbers))
            numbered.append(Segment(segment.number, numbers[0], segment.row_count, header, segment.lines))
        return numbered
