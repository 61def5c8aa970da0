"""Which imports match a filter, and pages of imports and of results."""

from itertools import accumulate

from google.protobuf.message import Message

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.changes import find
from imports_client.testing.names import parse_name, parse_parent
from imports_client.testing.refused import invalid
from imports_client.testing.requests import check_filter, invalid_page_token, outcomes_of, page_size_of
from imports_client.testing.tokens import Bond, digest_of, read_token, write_token
from imports_client.testing.world import World

ORDERS = ("created_at desc", "created_at", "inputs_size", "inputs_size desc")
MAX_PAGE_BYTES = 2 * 1024 * 1024


def matches(message: pb.Import, asked: pb.ImportFilter) -> bool:
    """Whether the import matches: fields are ANDed, values of a repeated field ORed, an unset field matches all."""
    with_errors = message.errors_count > 0
    created_at = message.created_at.ToNanoseconds()
    return (
        (not asked.statuses or message.status in asked.statuses)
        and (not asked.resource_types or message.resource_type in asked.resource_types)
        and (not asked.reference or message.reference == asked.reference)
        and message.reference.startswith(asked.reference_prefix)
        and (not asked.retry_of or message.retry_of == asked.retry_of)
        and (not asked.HasField("validate_only") or message.validate_only == asked.validate_only)
        and (not asked.HasField("with_errors") or with_errors == asked.with_errors)
        and (not asked.HasField("created_since") or created_at >= asked.created_since.ToNanoseconds())
        and (not asked.HasField("created_before") or created_at < asked.created_before.ToNanoseconds())
    )


def list_imports(world: World, request: pb.ListImportsRequest) -> pb.ListImportsResponse:
    """A page of imports. Raises `Refused`."""
    organization = world.organization(parse_parent(request.parent))
    size = page_size_of(request.page_size)
    check_filter(request.filter)
    order = " ".join(request.order_by.split()) or ORDERS[0]
    if order not in ORDERS:
        raise invalid("order_by", f"must be one of {', '.join(ORDERS)}")
    by_size, descending = order.startswith("inputs_size"), order.endswith("desc")

    def place(message: pb.Import) -> tuple[int, str]:
        return (message.inputs_size if by_size else 0, message.uid)

    found = [each.copy() for each in organization.imports.values() if matches(each.message, request.filter)]
    found.sort(key=place, reverse=descending)
    bond = _bond("list-imports", request)
    rest = found
    if request.page_token:
        after = _fields_of(bond, request.page_token, int, str)
        rest = [each for each in found if place(each) != after and (place(each) < after) is descending]
    page = _cut(rest[:size])
    token = write_token(bond, *place(page[-1])) if len(rest) > len(page) else ""
    return pb.ListImportsResponse(imports=page, next_page_token=token, total_size=len(found))


def list_results(world: World, request: pb.ListImportResultsRequest) -> pb.ListImportResultsResponse:
    """A page of results, as far as the import has come. Raises `Refused`."""
    name = parse_name(request.parent, "parent")
    size = page_size_of(request.page_size)
    outcomes = outcomes_of(request)
    if request.start_row < 0:
        raise invalid("start_row", "must not be negative")
    found = find(world, name)
    bond = (*_bond("list-results", request), found.message.uid)
    first = request.start_row
    if request.page_token:
        first = int(_fields_of(bond, request.page_token, int)[0])
    rest = [
        result
        for result in found.results
        if result.row_number >= first and (not outcomes or result.outcome in outcomes)
    ]
    page = rest[:size]
    response = pb.ListImportResultsResponse(results=page)
    if len(rest) > size:
        response.next_page_token = write_token(bond, rest[size].row_number)
    elif not found.has_ended:
        last = found.results[-1].row_number if found.results else 0
        response.next_page_token = write_token(bond, max(first, last + 1))
    return response


def _bond(kind: str, request: Message) -> Bond:
    """Tokens belong to all fields but those of paging."""
    others = type(request)()
    others.CopyFrom(request)
    others.ClearField("page_token")
    others.ClearField("page_size")
    return (kind, digest_of(others))


def _cut(page: list[pb.Import]) -> list[pb.Import]:
    """The imports that fit into a page; the first one always does."""
    sizes = accumulate(each.ByteSize() for each in page)
    return [
        each
        for number, (each, size) in enumerate(zip(page, sizes, strict=True))
        if not number or size <= MAX_PAGE_BYTES
    ]


def _fields_of(bond: Bond, token: str, *types: type) -> tuple[str | int, ...]:
    try:
        fields = read_token(bond, token)
    except ValueError:
        raise invalid_page_token() from None
    if tuple(type(each) for each in fields) != types:
        raise invalid_page_token()
    return fields
