"""Resources and resource types as messages. Nothing is decided here."""

from collections.abc import Mapping
from typing import Any

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import resource_types_pb2, resources_pb2
from imports_service.domain.attributes import Attribute, Relationship
from imports_service.domain.csv_template import csv_template
from imports_service.domain.keys import key_values
from imports_service.domain.names import ImportName
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.resources import ShownResource
from imports_service.rpc.structs import struct_of, value_of


def message_of_resource(
    stored: ShownResource, resource_type: ResourceType, organization_id: str
) -> resources_pb2.Resource:
    """The resource, with what it refers to apart from its attributes."""
    values: dict[str, Any] = msgspec.json.decode(stored.attributes)
    related = resource_type.references.keys() | resource_type.shared_lists.keys()
    created_at, updated_at = Timestamp(), Timestamp()
    created_at.FromDatetime(stored.created_at)
    updated_at.FromDatetime(stored.updated_at)
    message = resources_pb2.Resource(
        id=stored.id,
        resource_type=stored.resource_type,
        attributes=struct_of({k: v for k, v in values.items() if k not in related}),
        relationships=struct_of({k: v for k, v in values.items() if k in related}),
        created_at=created_at,
        updated_at=updated_at,
        last_import=str(ImportName(organization_id, stored.last_import)),
    )
    if stored.key is not None:
        parts = zip(resource_type.unique_key, key_values(stored.key), strict=True)
        message.key.values.update({name: part for name, part in parts if part is not None})
    return message


def message_of_type(
    resource_type: ResourceType, types: Mapping[str, ResourceType]
) -> resource_types_pb2.ResourceType:
    """The description of a resource type, one of the types given."""
    return resource_types_pb2.ResourceType(
        resource_type=resource_type.name,
        unique_key=resource_type.unique_key,
        parent_type=resource_type.parent_type,
        parent_attribute=resource_type.parent_attribute,
        attributes=[_attribute(attribute, resource_type) for attribute in resource_type.attributes],
        relationships=[
            _relationship(relationship, resource_type) for relationship in resource_type.relationships
        ],
        csv_header=csv_template(resource_type, types),
        sample_input=struct_of(resource_type.sample_input),
        dry_exportable=resource_type.dry_exportable,
    )


def _attribute(attribute: Attribute, resource_type: ResourceType) -> resource_types_pb2.Attribute:
    message = resource_types_pb2.Attribute(
        name=attribute.name,
        type=attribute.type,
        required=attribute.required,
        required_when=resource_type.required_when(attribute),
        nullable=attribute.nullable,
        write_only=attribute.write_only,
        immutable=attribute.immutable,
        enum_values=attribute.enum,
        min_length=attribute.min_length,
        max_length=attribute.max_length,
        pattern=attribute.pattern,
    )
    if attribute.default is not msgspec.UNSET:
        message.default_value.CopyFrom(value_of(attribute.default))
    return message


def _relationship(relationship: Relationship, resource_type: ResourceType) -> resource_types_pb2.Relationship:
    return resource_types_pb2.Relationship(
        name=relationship.name,
        types=relationship.types,
        required=relationship.required,
        many=relationship.many,
        nested=bool(relationship.nested),
        checked=relationship.checked,
        input_key=relationship.input_key,
        required_when=resource_type.required_when(relationship),
        max_items=relationship.max_items,
    )
