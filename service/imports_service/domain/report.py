"""The report of an import: which of its rows have which issues, small enough to travel in one message.

Built from the segments in row order and then stored. It holds the first rows in full and the rest as numbers:
1,000 keys a log, 10 attributes a key, messages of 200 characters, 256 KiB of logs in all; 100 pairs of code
and attribute in the summary. What is cut is said to be cut; every row is in ListImportResults.
"""

from collections.abc import Iterable

import msgspec

from imports_service.domain.outcomes import (
    SUMMARY_FIRST_ROWS,
    NumberedOutcomes,
    SummaryEntry,
    pack,
    unpack,
)

MAX_KEYS = 1_000
MAX_ATTRIBUTES_PER_KEY = 10
MAX_MESSAGE_CHARACTERS = 200
MAX_LOG_BYTES = 256 * 1024
MAX_SUMMARY_PAIRS = 100

# What a name or a message costs beside its text once it stands in a Struct on the wire.
BYTES_PER_TEXT = 12

BASE = "base"


class Report(msgspec.Struct, array_like=True, frozen=True):
    """`errors_log`: row key → attribute → messages. `warnings_log`: row key → messages, each with its attribute
    in front. Both in row order.
    """

    errors_log: dict[str, dict[str, list[str]]]
    warnings_log: dict[str, list[str]]
    errors_log_truncated: bool
    warnings_log_truncated: bool
    summary: list[SummaryEntry]
    summary_truncated: bool = False

    def encode(self) -> bytes:
        """The report as it is stored; `decode_report` takes it back."""
        return pack(self)


_decoder = msgspec.msgpack.Decoder(Report)


def decode_report(data: bytes) -> Report:
    """The report that was encoded. Raises `ValueError` for a version that this release does not know."""
    return unpack(data, _decoder)


class ReportBuilder:
    """Takes the segments of an import in row order; `report()` gives what fits, at any moment."""

    def __init__(self) -> None:
        self._errors = _Log()
        self._warnings = _Log()
        self._summary: dict[tuple[str, str], SummaryEntry] = {}
        self._summary_is_cut = False

    @property
    def wants_issues(self) -> bool:
        """Whether more rows could still find room in a log; if not, only summaries are worth adding."""
        return not (self._errors.is_closed and self._warnings.is_closed)

    def add(self, segment: NumberedOutcomes) -> None:
        """Take the rows of the next segment into the logs. Its summary is added on its own."""
        outcomes = segment.outcomes
        for place in sorted(outcomes.issues):
            for issue in outcomes.issues[place]:
                log = self._errors if issue.is_error else self._warnings
                log.add(outcomes.keys[place], issue.attribute or BASE, cut(issue.message))

    def add_summary(self, entries: Iterable[SummaryEntry]) -> None:
        """Take the summary of the next segment. After 100 pairs only the known ones are counted on."""
        for entry in entries:
            known = self._summary.get((entry.code, entry.attribute))
            if known is not None:
                known.count += entry.count
                known.first_rows = (known.first_rows + entry.first_rows)[:SUMMARY_FIRST_ROWS]
            elif len(self._summary) < MAX_SUMMARY_PAIRS:
                copied = msgspec.structs.replace(entry, sample_message=cut(entry.sample_message))
                self._summary[entry.code, entry.attribute] = copied
            else:
                self._summary_is_cut = True

    def report(self) -> Report:
        """What was added so far. Errors take the room first; warnings get what they leave."""
        errors = self._errors
        warnings = self._warnings.within(MAX_LOG_BYTES - errors.size_bytes)
        return Report(
            {key: _by_attribute(said) for key, said in errors.keys.items()},
            {key: [_with_attribute(*each) for each in said] for key, said in warnings.keys.items()},
            errors.is_cut,
            warnings.is_cut,
            [msgspec.structs.replace(entry) for entry in self._summary.values()],
            self._summary_is_cut,
        )


def cut(message: str) -> str:
    """The message with at most 200 characters, the last of them an ellipsis when some are missing."""
    return message if len(message) <= MAX_MESSAGE_CHARACTERS else message[: MAX_MESSAGE_CHARACTERS - 1] + "…"


class _Log:
    """What was said of the first keys. Closed by the first thing without room, so that it has no holes."""

    def __init__(self, max_bytes: int = MAX_LOG_BYTES) -> None:
        # A key's messages are a dict without values: ordered, and each message of an attribute once.
        self.keys: dict[str, dict[tuple[str, str], None]] = {}
        self.size_bytes = 0
        self.is_closed = False
        self.is_cut = False
        self._attributes: dict[str, set[str]] = {}
        self._max_bytes = max_bytes

    def add(self, key: str, attribute: str, message: str) -> None:
        said = self.keys.get(key, {})
        if self.is_closed or (attribute, message) in said:
            self.is_cut = self.is_cut or self.is_closed
            return
        attributes = self._attributes.setdefault(key, set())
        if attribute not in attributes and len(attributes) == MAX_ATTRIBUTES_PER_KEY:
            self.is_cut = True
            return
        size_bytes = _size_bytes(attribute, message) + (0 if said else _size_bytes(key))
        has_room = self.size_bytes + size_bytes <= self._max_bytes and (said or len(self.keys) < MAX_KEYS)
        if not has_room:
            self.is_closed = self.is_cut = True
            return
        self.size_bytes += size_bytes
        attributes.add(attribute)
        self.keys.setdefault(key, said)[attribute, message] = None

    def within(self, max_bytes: int) -> "_Log":
        """The same log in less room."""
        if self.size_bytes <= max_bytes:
            return self
        smaller = _Log(max_bytes)
        for key, said in self.keys.items():
            for attribute, message in said:
                smaller.add(key, attribute, message)
        return smaller


def _by_attribute(said: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    messages: dict[str, list[str]] = {}
    for attribute, message in said:
        messages.setdefault(attribute, []).append(message)
    return messages


def _with_attribute(attribute: str, message: str) -> str:
    """A message that has to say itself what it is about."""
    return message if attribute == BASE else cut(f"{attribute}: {message}")


def _size_bytes(*texts: str) -> int:
    return sum(len(text.encode()) + BYTES_PER_TEXT for text in texts)
