"""Loads what an export writes, page by page: resources with all that their rows need of others.

No connection is held between two pages, and memory does not know how many resources there are. What is large
is taken apart in a thread, all else in slices that hold up the event loop for less than a millisecond.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from imports_service.domain.export_parts import Name, Related, Values, Widths, names_in_key
from imports_service.domain.export_rows import ExportedType, values_of
from imports_service.domain.exports import ExportedResource, ExportFilter
from imports_service.domain.resource_type import ResourceType
from imports_service.store.database import Connection, Database
from imports_service.store.exports import (
    PAGE_CHARACTERS,
    count_owned,
    read_by_id,
    read_export_page,
    read_ids,
    read_keys,
    read_owned,
)

FIRST_LIMIT = 50
MOST_ROWS = 1_000
MOST_ROWS_WITH_OTHERS = 200
"""Of rows that hold resources of others: how large those are is known only when they have been read."""
SLICE_CHARACTERS = 32 * 1024
"""What is taken apart or put together in one step of the loop; a single row above it, in a thread."""
SLICE_ROWS = 100
OWNERS_AT_ONCE = 100

_Item = TypeVar("_Item")


class LoadedRow(NamedTuple):
    """A resource's stored values with its `id`, and its size with all that stands in its row, in characters."""

    values: Values
    size: int


class LoadedPage(NamedTuple):
    rows: list[LoadedRow]
    related: Related


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSource:
    """Where an export reads: an environment, a type with what is written of it, and which of its resources."""

    database: Database
    organization_id: str
    types: Mapping[str, ResourceType]
    exported: ExportedType
    asked: ExportFilter
    dry: bool

    async def pages(self) -> AsyncGenerator[LoadedPage, None]:
        """All pages that hold rows, in the order of ids. Each row is whole: one committed state of all that
        stands in it."""
        limit, following = FIRST_LIMIT, ""
        holds_others = bool(self.exported.lists or self.exported.objects)
        most = MOST_ROWS_WITH_OTHERS if holds_others else MOST_ROWS
        while True:
            async with self._state() as connection:
                page = await read_export_page(
                    connection,
                    self.organization_id,
                    self.exported.name,
                    self.asked,
                    after_id=following,
                    limit=limit,
                )
                loaded = await self._load(connection, page.resources)
            if loaded.rows:
                yield loaded
            if page.following is None:
                return
            following = page.following
            limit = _next_limit(limit, sum(row.size for row in loaded.rows), most)

    async def widths(self) -> Widths:
        """How many numbered columns the nested lists of these resources need at this moment."""
        widest: dict[str, list[int]] = {part.name: [] for part in self.exported.lists}
        if not widest:
            return widest
        async with aclosing(self._owner_ids()) as pages:
            async for ids in pages:
                await self._widen(widest, ids)
        return widest

    async def _owner_ids(self) -> AsyncGenerator[Sequence[str], None]:
        if self.asked.ids is not None:
            yield self.asked.ids
            return
        following: str | None = ""
        while following is not None:
            async with self.database.connection() as connection:
                ids, following = await read_ids(
                    connection, self.organization_id, self.exported.name, self.asked, after_id=following
                )
            yield ids

    async def _widen(self, widest: dict[str, list[int]], owner_ids: Sequence[str]) -> None:
        for start in range(0, len(owner_ids), OWNERS_AT_ONCE):
            some = owner_ids[start : start + OWNERS_AT_ONCE]
            for part in self.exported.lists:
                below = next((inner.type.name for inner in part.type.lists), "")
                async with self.database.connection() as connection:
                    counts = await count_owned(connection, self.organization_id, part.type.name, some, below)
                width = widest[part.name]
                width += [0] * (len(counts) - len(width))
                for place, count in enumerate(counts):
                    width[place] = max(width[place], count)

    def _state(self) -> AbstractAsyncContextManager[Connection]:
        """A connection; for rows that are put together from several statements, one that sees one state."""
        return self.database.snapshot() if self.dry else self.database.connection()

    async def _load(self, connection: Connection, resources: Sequence[ExportedResource]) -> LoadedPage:
        values = await _parsed(resources)
        sizes = {resource.id: len(resource.attributes) for resource in resources}
        related = Related()
        if self.dry and values:
            reader = _RelatedReader(connection, self.organization_id, self.types, related, sizes)
            await reader.read(self.exported, values)
        return LoadedPage([LoadedRow(each, sizes[each["id"]]) for each in values], related)


@dataclass(frozen=True, slots=True)
class _RelatedReader:
    """Fills `related` for the rows of a page, and adds the size of what stands in a row to that of the row."""

    connection: Connection
    organization_id: str
    types: Mapping[str, ResourceType]
    related: Related
    sizes: dict[str, int]

    async def read(self, exported: ExportedType, rows: list[Values]) -> None:
        """All that the rows hold and name: a statement for each kind of it, however many rows there are."""
        needed: set[Name] = set()
        left = [(exported, {row["id"]: row["id"] for row in rows}, rows)]
        while left:
            kind, row_ids, resources = left.pop()
            for items in kind.lists:
                left.append((items.type, *await self._items(items.type, row_ids)))
            for inside in kind.objects:
                left.append(
                    (inside.type, *await self._objects(inside.type, inside.input_key, row_ids, resources))
                )
            for some in _few(resources, lambda _: 1):
                needed.update(kind.keys_needed(some))
                await asyncio.sleep(0)
        await self._keys(needed)

    async def _items(
        self, kind: ExportedType, row_ids: Mapping[str, str]
    ) -> tuple[dict[str, str], list[Values]]:
        """Read the lists of owners, given with the rows they stand in; the items in the same way."""
        owned = await read_owned(self.connection, self.organization_id, kind.name, list(row_ids))
        inner_ids: dict[str, str] = {}
        read: list[Values] = []
        for owner_id, resources in owned.items():
            items = await _parsed(resources)
            self.related.items[kind.name, owner_id] = items
            read += items
            self._count(inner_ids, row_ids[owner_id], resources)
        return inner_ids, read

    async def _objects(
        self, kind: ExportedType, input_key: str, row_ids: Mapping[str, str], holders: Iterable[Values]
    ) -> tuple[dict[str, str], list[Values]]:
        """Read what stands in the place of a reference of the holders."""
        wanted = {each[input_key]: row_ids[each["id"]] for each in holders if each.get(input_key) is not None}
        resources = await read_by_id(self.connection, self.organization_id, kind.name, list(wanted))
        inner_ids: dict[str, str] = {}
        read = await _parsed(resources)
        for resource, values in zip(resources, read, strict=True):
            self.related.objects[kind.name, resource.id] = values
            self._count(inner_ids, wanted[resource.id], [resource])
        return inner_ids, read

    async def _keys(self, needed: set[Name]) -> None:
        """Read keys, and the keys of what they name in turn."""
        asked: set[Name] = set()
        while needed:
            asked |= needed
            keys = await read_keys(self.connection, self.organization_id, sorted(needed))
            self.related.keys.update(keys)
            needed = {inner for name, key in keys.items() for inner in names_in_key(name, key, self.types)}
            needed -= asked

    def _count(self, inner_ids: dict[str, str], row_id: str, resources: Iterable[ExportedResource]) -> None:
        for resource in resources:
            inner_ids[resource.id] = row_id
            self.sizes[row_id] += len(resource.attributes)


def slices(rows: Sequence[LoadedRow], row_cost: int) -> Iterator[Sequence[LoadedRow]]:
    """The rows in runs that are put together in less than a millisecond, but for single rows that are large.

    `row_cost` is what a row takes whatever it holds, in characters.
    """
    return _few(rows, lambda row: row.size + row_cost)


async def in_steps(work: Callable[[], _Item], size: int) -> _Item:
    """Do the work here and let others have a turn, or beside the loop when what it works on is large."""
    if size > SLICE_CHARACTERS:
        return await asyncio.to_thread(work)
    done = work()
    await asyncio.sleep(0)
    return done


async def _parsed(resources: Sequence[ExportedResource]) -> list[Values]:
    """The values of each, its `id` among them."""
    parsed: list[Values] = []
    for some in _few(resources, lambda resource: len(resource.attributes)):
        size = sum(len(resource.attributes) for resource in some)
        parsed += await in_steps(partial(_values, some), size)
    return parsed


def _values(resources: Sequence[ExportedResource]) -> list[Values]:
    return [{"id": resource.id, **values_of(resource.attributes)} for resource in resources]


def _few(items: Sequence[_Item], size_of: Callable[[_Item], int]) -> Iterator[Sequence[_Item]]:
    """Runs of at most `SLICE_ROWS` items and `SLICE_CHARACTERS` characters, or of one item."""
    start = size = 0
    for place, item in enumerate(items):
        item_size = size_of(item)
        if place > start and (place - start >= SLICE_ROWS or size + item_size > SLICE_CHARACTERS):
            yield items[start:place]
            start, size = place, 0
        size += item_size
    if start < len(items):
        yield items[start:]


def _next_limit(limit: int, characters: int, most: int) -> int:
    """How many rows to read next, after so many took so much."""
    if characters > PAGE_CHARACTERS:
        return max(1, limit // 2)
    return min(limit * 2, most) if characters < PAGE_CHARACTERS // 2 else limit
