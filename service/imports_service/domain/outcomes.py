"""What became of the rows of one segment, and how that is stored.

`SegmentOutcomes` is filled by the fold, one row after the other. Stored apart are the outcomes (one byte a
row, ids, keys, row numbers) and, only if there are any, the issues, each distinct one once. So a page of
results costs two small reads, and a segment without issues pays nothing for them. Each begins with a byte
that says how the rest is written, so that a release can read what the one before it wrote; what is added at the
end of the rest is skipped by a release that does not know it. Row numbers are the caller's: nothing here knows
where a segment lies in its document.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from isal import isal_zlib

from imports_service.domain.imports import Counts
from imports_service.domain.row_changes import RowChange, decode_changes
from imports_service.domain.rows import Code, Issue, Outcome

VERSION = 1
MAX_ISSUES_PER_ROW = 20
SUMMARY_FIRST_ROWS = 5

T = TypeVar("T")


class RowResult(msgspec.Struct, frozen=True, gc=False):
    """One row as ListImportResults shows it. `resource_id` is "" where no resource stands behind the row.

    `changes` are those that a rehearsal foresees.
    """

    row_number: int
    key: str
    outcome: Outcome
    resource_id: str
    issues: tuple[Issue, ...]
    changes: list[RowChange] = []


class SummaryEntry(msgspec.Struct, array_like=True):
    """How often one code was given to one attribute: `count` issues, at most 5 first rows, one message."""

    code: Code
    attribute: str
    count: int
    first_rows: list[int]
    sample_message: str


class SegmentOutcomes(msgspec.Struct):
    """The rows of a segment in row order: `codes` holds the number of each row's `Outcome`.

    `ids`: the resource of each row, "" where there is none. `keys`: the row's name as people read it.
    `issues`: by the row's place in the segment, counted from 0; rows without issues are not in there. `changes`: the
    same of a rehearsal, encoded.
    """

    codes: bytearray
    ids: list[str]
    keys: list[str]
    issues: dict[int, tuple[Issue, ...]]
    changes: dict[int, bytes] = {}

    @classmethod
    def empty(cls) -> "SegmentOutcomes":
        return cls(bytearray(), [], [], {})

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, outcome: Outcome, resource_id: str, key: str, issues: Sequence[Issue]) -> None:
        """Append the next row's outcome. Of more than 20 issues the twentieth says how many are not shown."""
        if issues:
            self.issues[len(self.codes)] = _bounded(issues)
        self.codes.append(outcome)
        self.ids.append(resource_id)
        self.keys.append(key)

    def add_run(self, outcome: Outcome, resource_ids: Sequence[str], keys: Sequence[str]) -> None:
        """Append the next rows, which all have the same outcome and no issues."""
        self.codes += bytes((outcome,)) * len(keys)
        self.ids += resource_ids
        self.keys += keys

    def counts(self) -> Counts:
        """Rows by outcome; rows that carry a warning are counted whatever became of them."""
        return Counts(
            created=self.codes.count(Outcome.CREATED),
            updated=self.codes.count(Outcome.UPDATED),
            unchanged=self.codes.count(Outcome.UNCHANGED),
            failed=self.codes.count(Outcome.FAILED),
            warnings=sum(
                1 for issues in self.issues.values() if any(issue.code.is_warning for issue in issues)
            ),
        )

    def summary(self, row_numbers: Sequence[int]) -> list[SummaryEntry]:
        """The segment's issues by code and attribute, in the order of their first row."""
        entries: dict[tuple[Code, str], SummaryEntry] = {}
        for place in sorted(self.issues):
            row_number = row_numbers[place]
            for issue in self.issues[place]:
                entry = entries.get((issue.code, issue.attribute))
                if entry is None:
                    entry = SummaryEntry(issue.code, issue.attribute, 0, [], issue.message)
                    entries[issue.code, issue.attribute] = entry
                entry.count += 1
                if len(entry.first_rows) < SUMMARY_FIRST_ROWS and row_number not in entry.first_rows:
                    entry.first_rows.append(row_number)
        return list(entries.values())


class EncodedOutcomes(msgspec.Struct, frozen=True):
    """The outcomes of a segment as they are stored; without issues both `issues` and `summary` are None."""

    counts: Counts
    outcomes: bytes
    issues: bytes | None
    summary: bytes | None


class NumberedOutcomes(msgspec.Struct, frozen=True):
    """The outcomes of a segment read back, with the numbers of its rows."""

    row_numbers: Sequence[int]
    outcomes: SegmentOutcomes

    def results(self, *, from_row: int = 1, only: frozenset[Outcome] = frozenset()) -> Iterator[RowResult]:
        """The rows from the given number on with one of the outcomes in `only`; an empty `only` means all."""
        outcomes = self.outcomes
        for place, row_number in enumerate(self.row_numbers):
            code = outcomes.codes[place]
            if row_number < from_row or (only and code not in only):
                continue
            issues = outcomes.issues.get(place, ())
            changes = decode_changes(outcomes.changes[place]) if place in outcomes.changes else []
            yield RowResult(
                row_number, outcomes.keys[place], Outcome(code), outcomes.ids[place], issues, changes
            )


class _Outcomes(msgspec.Struct, array_like=True):
    rows: list[tuple[int, int]]
    codes: bytes
    ids: str
    keys: list[str]
    changes: list[tuple[int, bytes]] = []


class _Issues(msgspec.Struct, array_like=True):
    issues: list[Issue]
    rows: list[tuple[int, list[int]]]


_encode = msgspec.msgpack.Encoder().encode
_outcomes_decoder = msgspec.msgpack.Decoder(_Outcomes)
_issues_decoder = msgspec.msgpack.Decoder(_Issues)
_summary_decoder = msgspec.msgpack.Decoder(list[SummaryEntry])


def encode_outcomes(outcomes: SegmentOutcomes, row_numbers: Sequence[int]) -> EncodedOutcomes:
    """The stored form of a segment's outcomes; `row_numbers` are those of its rows, in order.

    Raises `ValueError` when there are more rows than numbers or fewer.
    """
    if len(row_numbers) != len(outcomes):
        raise ValueError(f"{len(outcomes)} outcomes for {len(row_numbers)} rows")
    ranges = ranges_of(row_numbers)
    stored = _Outcomes(
        ranges,
        bytes(outcomes.codes),
        "\n".join(outcomes.ids),
        outcomes.keys,
        list(outcomes.changes.items()),
    )
    issues = summary = None
    if outcomes.issues:
        issues = pack(_distinct(outcomes.issues))
        summary = pack(outcomes.summary(row_numbers))
    return EncodedOutcomes(outcomes.counts(), pack(stored), issues, summary)


def decode_outcomes(outcomes: bytes, issues: bytes | None = None) -> NumberedOutcomes:
    """The outcomes as they were encoded. Without `issues` the rows are all there, as if none had any.

    Raises `ValueError` when the bytes are of a version that this release does not know, or are damaged.
    """
    stored = unpack(outcomes, _outcomes_decoder)
    ids = stored.ids.split("\n") if stored.codes else []
    found = _rows_with_issues(issues) if issues is not None else {}
    return NumberedOutcomes(
        numbers_of(stored.rows),
        SegmentOutcomes(bytearray(stored.codes), ids, stored.keys, found, dict(stored.changes)),
    )


def decode_summary(summary: bytes | None) -> list[SummaryEntry]:
    """The summary as it was encoded. Raises `ValueError` for bytes of an unknown version."""
    return unpack(summary, _summary_decoder) if summary is not None else []


def ranges_of(row_numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of consecutive row numbers, first and last of each; the numbers rise."""
    if not row_numbers:
        return []
    if isinstance(row_numbers, range) and row_numbers.step == 1:
        return [(row_numbers[0], row_numbers[-1])]
    ranges = [(row_numbers[0], row_numbers[0])]
    for number in row_numbers[1:]:
        first, last = ranges[-1]
        if number == last + 1:
            ranges[-1] = (first, number)
        else:
            ranges.append((number, number))
    return ranges


def numbers_of(ranges: Sequence[tuple[int, int]]) -> Sequence[int]:
    """The row numbers that the runs stand for."""
    if len(ranges) == 1:
        return range(ranges[0][0], ranges[0][1] + 1)
    return [number for first, last in ranges for number in range(first, last + 1)]


def pack(value: object) -> bytes:
    """The value as stored bytes: the version, then compressed MessagePack."""
    return bytes((VERSION,)) + isal_zlib.compress(_encode(value), 1)


def unpack(data: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    """The value that `pack` wrote. Raises `ValueError` for an unknown version or damaged bytes."""
    if data[:1] != bytes((VERSION,)):
        raise ValueError(f"outcomes of version {data[:1].hex() or 'none'} are unknown to this release")
    try:
        return decoder.decode(zlib.decompress(data[1:]))
    except (zlib.error, msgspec.DecodeError) as damaged:
        raise ValueError("stored outcomes are damaged") from damaged


def _bounded(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    if len(issues) <= MAX_ISSUES_PER_ROW:
        return tuple(issues)
    # Errors first, so that no flood of warnings hides what made the row fail.
    ordered = sorted(issues, key=lambda issue: issue.code.is_warning)
    shown = MAX_ISSUES_PER_ROW - 1
    rest = Issue(ordered[shown].code, "", f"and {len(issues) - shown} more issues of this row")
    return (*ordered[:shown], rest)


def _distinct(issues: dict[int, tuple[Issue, ...]]) -> _Issues:
    numbers: dict[Issue, int] = {}
    rows = [
        (place, [numbers.setdefault(issue, len(numbers)) for issue in issues[place]])
        for place in sorted(issues)
    ]
    return _Issues(list(numbers), rows)


def _rows_with_issues(data: bytes) -> dict[int, tuple[Issue, ...]]:
    stored = unpack(data, _issues_decoder)
    return {place: tuple(stored.issues[number] for number in numbers) for place, numbers in stored.rows}
