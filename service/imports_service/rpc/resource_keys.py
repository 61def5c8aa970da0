"""Resources as requests name them, by id and by key: checked, and keys in their canonical form."""

from collections.abc import Sequence

from commerce.imports.v1 import resources_pb2 as pb
from imports_service.domain.keys import FORBIDDEN_CHARACTERS, canonical_key
from imports_service.domain.resource_type import ResourceType
from imports_service.rpc.violations import Violations

MAX_NAMES = 1_000


def check_names(
    ids: Sequence[str], keys: Sequence[pb.ResourceKey], resource_type: ResourceType, violations: Violations
) -> list[str]:
    """The canonical keys asked for; what is wrong is noted. Of too many, the number is all that is looked at."""
    is_few = len(ids) + len(keys) <= MAX_NAMES
    if not violations.expect(is_few, "ids", f"name more than {MAX_NAMES} with the keys"):
        return []
    for place, resource_id in enumerate(ids):
        violations.expect_id(resource_id, f"ids[{place}]")
    return [key_of(key, resource_type, violations, f"keys[{place}]") for place, key in enumerate(keys)]


def key_of(key: pb.ResourceKey, resource_type: ResourceType, violations: Violations, field: str) -> str:
    """The canonical key; where there is a violation, any text."""
    names = resource_type.unique_key
    if not violations.expect(bool(names), field, f"{resource_type.name} have no unique key; name them by id"):
        return ""
    given = {name: value for name, value in key.values.items() if value}
    required = set(names) - set(resource_type.optional_key)
    violations.expect(
        required <= set(given) and set(key.values) <= set(names),
        field,
        f"must have the values of {', '.join(names)}",
    )
    is_text = all(map(FORBIDDEN_CHARACTERS.isdisjoint, given.values()))
    violations.expect(is_text, field, "holds NUL, U+001E or U+001F, which no key has")
    return canonical_key([_spelled(given.get(name), name, resource_type) for name in names])


def _spelled(value: str | None, name: str, resource_type: ResourceType) -> str | None:
    attribute = resource_type.attribute.get(name)
    is_email = attribute is not None and attribute.email
    return value.lower() if value is not None and is_email else value
