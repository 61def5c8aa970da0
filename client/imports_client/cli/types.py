"""`imports types`: what can be imported, and how a row of it is written."""

from collections.abc import Iterable
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from commerce.imports.v1.resource_types_pb2 import (
    Attribute,
    GetResourceTypeRequest,
    ListResourceTypesRequest,
    Relationship,
    ResourceType,
)
from commerce.imports.v1.resource_types_pb2_grpc import ResourceTypeServiceStub
from imports_client.cli.console import open_console, shown
from imports_client.cli.plain import as_line, as_plain, print_json, value_as_plain
from imports_client.cli.session import DEFAULT_SERVER, AsJson, Server, session
from imports_client.tries import CALL_SECONDS


async def types(
    resource_type: Annotated[
        str | None, Parameter(help="Describe this one; without it all are listed.")
    ] = None,
    /,
    *,
    server: Server = DEFAULT_SERVER,
    json: AsJson = False,
) -> int:
    """List the types of resources in the order in which they are best imported, or describe one.

    With --json: one type a line, as in the contract.
    """
    async with session(server) as imports:
        stub = ResourceTypeServiceStub(imports.channel)
        if resource_type is None:
            answer = await stub.ListResourceTypes(ListResourceTypesRequest(), timeout=CALL_SECONDS)
            found = list(answer.resource_types)
        else:
            request = GetResourceTypeRequest(resource_type=resource_type)
            found = [await stub.GetResourceType(request, timeout=CALL_SECONDS)]
    if json:
        for each in found:
            print_json(as_plain(each))
    elif resource_type is None:
        open_console().print(_list(found))
    else:
        _describe(open_console(), found[0])
    return 0


def _list(found: Iterable[ResourceType]) -> Table:
    table = Table("type", "key", "parent", "must have", box=None, header_style="dim")
    for each in found:
        attributes = [attribute.name for attribute in each.attributes if attribute.required]
        relationships = [tie.input_key for tie in each.relationships if tie.required]
        _add(
            table,
            each.resource_type,
            " + ".join(each.unique_key) or "id only",
            each.parent_type,
            ", ".join(attributes + relationships),
        )
    return table


def _describe(console: Console, found: ResourceType) -> None:
    """Tables, then what is there to be copied: on lines of their own and never broken."""
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    facts.add_row("type", found.resource_type)
    facts.add_row("key", " + ".join(found.unique_key) or "none: rows are named by id")
    if found.parent_type:
        facts.add_row("parent", f"{found.parent_type}, fills {found.parent_attribute}")
    facts.add_row("dry export", "yes" if found.dry_exportable else "no, travels inside its owner")
    console.print(facts)
    table = Table("attribute", "type", "needed", "what else", box=None, header_style="dim")
    for attribute in found.attributes:
        needed = "always" if attribute.required else attribute.required_when
        _add(table, attribute.name, attribute.type, needed, "; ".join(_rules(attribute)))
    for tie in found.relationships:
        needed = "always" if tie.required else tie.required_when
        _add(table, tie.input_key, " | ".join(tie.types), needed, "; ".join(_ties(tie)))
    console.print(table)
    sample = value_as_plain(found.sample_input)
    in_order = {name: sample[name] for name in found.csv_header.split(",") if name in sample} | sample
    for title, line in (("CSV header", found.csv_header), ("sample", as_line(in_order))):
        console.print(f"\n{title}:\n{line}", markup=False, highlight=False, soft_wrap=True)


def _add(table: Table, *cells: str) -> None:
    """A line of which nothing is cut."""
    table.add_row(*(shown(cell, overflow="fold") for cell in cells))


def _rules(attribute: Attribute) -> Iterable[str]:
    """In words, what the contract says of an attribute."""
    if attribute.enum_values:
        yield f"one of {', '.join(attribute.enum_values)}"
    if attribute.HasField("min_length"):
        yield f"at least {attribute.min_length} characters"
    if attribute.HasField("max_length"):
        yield f"at most {attribute.max_length} characters"
    if attribute.pattern:
        yield f"matches {attribute.pattern}"
    if attribute.HasField("default_value"):
        yield f"default {as_line(value_as_plain(attribute.default_value))}"
    if attribute.nullable:
        yield "null clears"
    if attribute.immutable:
        yield "never changes"
    if attribute.write_only:
        yield "never shown"


def _ties(tie: Relationship) -> Iterable[str]:
    """In words, what the contract says of a relationship."""
    if tie.many:
        yield f"at most {tie.max_items}" if tie.HasField("max_items") else "any number"
    if tie.nested:
        yield "may be nested"
    if not tie.checked:
        yield "not looked up"
