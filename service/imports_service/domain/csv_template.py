"""The header of a CSV template: the columns that a person would fill in, one nested item of each kind among them."""

from collections.abc import Iterator, Mapping

from imports_service.domain.resource_type import ResourceType


def csv_template(resource_type: ResourceType, types: Mapping[str, ResourceType]) -> str:
    """The columns, comma-joined. A document may leave columns out, and have others besides."""
    return ",".join(_columns(resource_type, types))


def _columns(resource_type: ResourceType, types: Mapping[str, ResourceType]) -> Iterator[str]:
    yield from (attribute.name for attribute in resource_type.stored_attributes)
    yield from resource_type.references
    for name, relationship in resource_type.shared_lists.items():
        yield f"{name}.{relationship.key}"
    for name, relationship in resource_type.owned_lists.items():
        nested = types[relationship.nested_type]
        own = {nested.owner.input_key} if nested.owner is not None else set()
        yield from (f"{name}.{column}" for column in _flat_columns(nested) if column not in own)
    for name, relationship in resource_type.objects.items():
        if relationship.nested == "shared":
            yield f"{name}.{relationship.key}"
        elif relationship.nested == "owned":
            yield from (f"{name}.{column}" for column in _flat_columns(types[relationship.nested_type]))


def _flat_columns(resource_type: ResourceType) -> Iterator[str]:
    yield from (attribute.name for attribute in resource_type.stored_attributes)
    yield from resource_type.references
