"""Lists that come page by page, asked for as they are read."""

from collections.abc import AsyncGenerator, Callable

from commerce.imports.v1.imports_pb2 import Import, ImportResult, ListImportResultsRequest, ListImportsRequest
from imports_client.tries import Tries, answer_of

NewTries = Callable[[], Tries]
"""Each page has tries and a time limit of its own."""


async def imports_of(request: ListImportsRequest, tries_of_page: NewTries) -> AsyncGenerator[Import, None]:
    """All imports from the request's page on. Raises `CallFailed`."""
    while True:
        page = await answer_of(
            tries_of_page(), lambda replica, seconds: replica.imports.ListImports(request, timeout=seconds)
        )
        for each in page.imports:
            yield each
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


async def results_of(
    request: ListImportResultsRequest, tries_of_page: NewTries
) -> AsyncGenerator[ImportResult, None]:
    """The results from the request's page on, as far as the import has come. Raises `CallFailed`."""
    while True:
        page = await answer_of(
            tries_of_page(),
            lambda replica, seconds: replica.imports.ListImportResults(request, timeout=seconds),
        )
        for each in page.results:
            yield each
        # An empty page with a token: the import has not come further yet.
        if not page.next_page_token or page.next_page_token == request.page_token or not page.results:
            return
        request.page_token = page.next_page_token
