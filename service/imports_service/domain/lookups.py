"""What a segment has to ask the environment before its rows can be judged, and the answers.

Three questions, in this order: what do the rows refer to (`wanted_references`), which resources of their own type
may they change (`own_names`), and which keys would a change complete that no row names (`completed_keys`). Nothing
here reads anything: the store answers, and the answers come back as `References` and `StoredResource`s.
"""

from collections.abc import Iterable, Sequence

import msgspec

from imports_service.domain.resources import ReferenceRow

KEY_SEPARATOR = "\x1f"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Names to look up without locks, as parallel lists without repetition.

    `types`/`ids` name resources by id, `key_types`/`keys` by canonical key, `prefix_types`/`prefixes` by the
    beginning of the canonical key; of a prefix two resources are enough, they make it ambiguous.
    """

    types: Sequence[str] = ()
    ids: Sequence[str] = ()
    key_types: Sequence[str] = ()
    keys: Sequence[str] = ()
    prefix_types: Sequence[str] = ()
    prefixes: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.types or self.key_types or self.prefix_types)


class OwnNames(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a segment may change, by canonical key and by id: what the store locks before the fold."""

    key_types: Sequence[str] = ()
    keys: Sequence[str] = ()
    id_types: Sequence[str] = ()
    ids: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.key_types or self.id_types)


class References:
    """What was found of the names that rows gave: by id, by canonical key, and by the first value of a key.

    Made of all rows that a look-up returned, in any order and with repetitions; `add` takes those of another one.
    """

    def __init__(self, found: Iterable[ReferenceRow] = ()) -> None:
        self._by_id: dict[tuple[str, str], ReferenceRow] = {}
        self._by_key: dict[tuple[str, str], ReferenceRow] = {}
        self._by_prefix: dict[tuple[str, str], dict[str, ReferenceRow]] = {}
        self.add(found)

    def add(self, found: Iterable[ReferenceRow]) -> None:
        for row in found:
            self._by_id[row.resource_type, row.id] = row
            if row.key is None:
                continue
            self._by_key[row.resource_type, row.key] = row
            first, separator, _ = row.key.partition(KEY_SEPARATOR)
            if separator:
                self._by_prefix.setdefault((row.resource_type, first + separator), {})[row.id] = row

    def by_id(self, resource_type: str, resource_id: str) -> ReferenceRow | None:
        return self._by_id.get((resource_type, resource_id))

    def by_key(self, resource_type: str, key: str) -> ReferenceRow | None:
        return self._by_key.get((resource_type, key))

    def by_prefix(self, resource_type: str, prefix: str) -> list[ReferenceRow]:
        """All found resources whose key begins with the prefix, at most as many as the look-up returned."""
        return list(self._by_prefix.get((resource_type, prefix), {}).values())
