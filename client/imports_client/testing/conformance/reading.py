"""GetImport, ListImports, WaitImport and ListImportResults."""

import asyncio
import time

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import OTHER_TYPE, Scene

WAIT_SECONDS = 2.0


@guarantee("wait/at-the-end", "WaitImport answers when the import has ended.")
async def at_the_end(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    call = scene.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=scene.patience)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(scene.answered(call))
        await scene.get(created.name)
        expect(not waiting.done(), "it answered before the end")
        await scene.subject.release_work()

    got = await scene.get(created.name)
    expect_equal((waiting.result().status, got.status), (pb.STATUS_COMPLETED,) * 2, "the statuses")


@guarantee(
    "wait/before-the-deadline",
    "WaitImport answers shortly before the call's deadline, with the import as it is.",
)
async def before_the_deadline(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    began = time.monotonic()

    waited = await scene.answered(
        scene.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=WAIT_SECONDS),
        after=WAIT_SECONDS,
    )

    expect_equal(waited.status, pb.STATUS_PENDING, "the status")
    expect(time.monotonic() - began > WAIT_SECONDS / 4, "it did not wait")


@guarantee("wait/deleted", "WaitImport of an import that is not there, or deleted meanwhile, is NOT_FOUND.")
async def deleted(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    request = pb.WaitImportRequest(name=created.name)
    call = scene.imports.WaitImport(request, timeout=scene.patience)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(scene.refused(call))
        await scene.get(created.name)
        await scene.delete(created.name)
    after = await scene.refused(scene.imports.WaitImport(request, timeout=scene.patience))

    for refusal in (waiting.result(), after):
        expect_equal((refusal.code.name, refusal.reason), ("NOT_FOUND", "IMPORT_NOT_FOUND"), "the refusal")


@guarantee("list/order", "ListImports is newest first, or in the order asked for.")
async def order(scene: Scene) -> None:
    await scene.subject.hold_work()
    for number, rows in enumerate((2, 3, 1)):
        await scene.create(rows=rows, import_id=f"i{number}")

    for order_by, wanted in (
        ("", "i2 i1 i0"),
        ("created_at desc", "i2 i1 i0"),
        ("created_at", "i0 i1 i2"),
        ("inputs_size", "i2 i0 i1"),
        ("inputs_size desc", "i1 i0 i2"),
    ):
        request = pb.ListImportsRequest(parent=scene.parent, order_by=order_by)
        page = await scene.answered(scene.imports.ListImports(request))
        ids = " ".join(each.name.rpartition("/")[2] for each in page.imports)
        expect_equal(ids, wanted, f"the imports in the order {order_by!r}")


@guarantee(
    "list/pages",
    "The pages of ListImports have every import once; total_size is exact; only no token is the end.",
)
async def pages(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = [await scene.create() for _ in range(5)]
    await scene.create(resource_type=OTHER_TYPE)
    filter = pb.ImportFilter(resource_types=[created[0].resource_type])
    request = pb.ListImportsRequest(parent=scene.parent, page_size=2, filter=filter)
    seen: list[str] = []
    while True:
        page = await scene.answered(scene.imports.ListImports(request))
        expect(len(page.imports) <= 2, "a page is larger than asked for")
        expect_equal(page.total_size, 5, "total_size")
        seen += [each.name for each in page.imports]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
        expect(len(seen) <= 5, "the pages do not end")

    expect_equal(seen, [each.name for each in reversed(created)], "the imports of all pages")


@guarantee("list/filter", "ListImports shows the imports that match all fields of the filter, and no others.")
async def filter_of_list(scene: Scene) -> None:
    faulty = await scene.ended(rows=2, failed=1)
    await scene.subject.hold_work()
    await scene.create(import_id="one", reference="erp_1")
    await scene.create(import_id="two", reference="erp_12", resource_type=OTHER_TYPE)
    await scene.create(import_id="three", reference="erpX1", validate_only=True)
    retry = await scene.answered(
        scene.imports.RetryImport(pb.RetryImportRequest(name=faulty.name, request_id="retry"))
    )
    names = {faulty.name: "faulty", retry.name: "retry"}

    for filter, wanted in (
        (pb.ImportFilter(), "faulty one retry three two"),
        (pb.ImportFilter(statuses=[pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED]), "faulty"),
        (pb.ImportFilter(resource_types=[OTHER_TYPE, "skus"]), "two"),
        (pb.ImportFilter(reference="erp_1"), "one"),
        (pb.ImportFilter(reference_prefix="erp_"), "one two"),
        (pb.ImportFilter(reference_prefix="erp_", resource_types=[OTHER_TYPE]), "two"),
        (pb.ImportFilter(validate_only=True), "three"),
        (pb.ImportFilter(with_errors=True), "faulty"),
        (pb.ImportFilter(with_errors=False, validate_only=False), "one retry two"),
        (pb.ImportFilter(retry_of=faulty.name), "retry"),
        (pb.ImportFilter(created_since=retry.created_at), "retry"),
        (pb.ImportFilter(created_before=retry.created_at), "faulty one three two"),
    ):
        request = pb.ListImportsRequest(parent=scene.parent, filter=filter)
        page = await scene.answered(scene.imports.ListImports(request))
        ids = [names.get(each.name, each.name.rpartition("/")[2]) for each in page.imports]
        expect_equal(" ".join(sorted(ids)), wanted, f"the imports that match {filter}")


@guarantee("list/page-token", "A page token with other fields, or none of ours, is PAGE_TOKEN_INVALID.")
async def page_token(scene: Scene) -> None:
    await scene.subject.hold_work()
    for _ in range(2):
        await scene.create()
    first = await scene.answered(
        scene.imports.ListImports(pb.ListImportsRequest(parent=scene.parent, page_size=1))
    )
    token = first.next_page_token

    for request in (
        pb.ListImportsRequest(parent=scene.parent, page_token="x"),
        pb.ListImportsRequest(parent=scene.parent, page_token=token, order_by="created_at"),
        pb.ListImportsRequest(
            parent=scene.parent, page_token=token, filter=pb.ImportFilter(reference="other")
        ),
        pb.ListImportsRequest(parent=scene.another().parent, page_token=token),
    ):
        refusal = await scene.refused(scene.imports.ListImports(request))
        fields = [field for field, _ in refusal.violations]
        expect_equal((refusal.reason, fields), ("PAGE_TOKEN_INVALID", ["page_token"]), "the refusal")


@guarantee("list/unknown-organization", "The list of an organization that never imported is empty.")
async def unknown_organization(scene: Scene) -> None:
    page = await scene.answered(scene.imports.ListImports(pb.ListImportsRequest(parent=scene.parent)))

    expect_equal((len(page.imports), page.total_size, page.next_page_token), (0, 0, ""), "the list")


@guarantee(
    "results/in-row-order", "ListImportResults has every row once, in order, with its outcome and its issues."
)
async def in_row_order(scene: Scene) -> None:
    ended = await scene.ended(rows=7, failed=1)
    request = pb.ListImportResultsRequest(parent=ended.name, page_size=3)
    results: list[pb.ImportResult] = []
    while True:
        page = await scene.answered(scene.imports.ListImportResults(request))
        results += page.results
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
        expect(len(results) <= 7, "the pages do not end")
    only = await scene.answered(
        scene.imports.ListImportResults(
            pb.ListImportResultsRequest(parent=ended.name, outcomes=[pb.OUTCOME_FAILED])
        )
    )
    later = await scene.answered(
        scene.imports.ListImportResults(pb.ListImportResultsRequest(parent=ended.name, start_row=6))
    )

    expect_equal([result.row_number for result in results], list(range(1, 8)), "the row numbers")
    expect_equal(results[-1].outcome, pb.OUTCOME_FAILED, "the outcome of the failed row")
    expect_equal([issue.code for issue in results[-1].issues], ["malformed"], "what is said of it")
    expect(all(result.resource_id for result in results[:-1]), "a row went through and has no resource")
    expect_equal([result.row_number for result in only.results], [7], "the rows that failed")
    expect_equal([result.row_number for result in later.results], [6, 7], "the rows from the sixth on")


@guarantee(
    "results/while-running",
    "While an import runs its results end at the first row that is not finished, and the token goes on from there.",
)
async def while_running(scene: Scene) -> None:
    running = await scene.half_way()
    request = pb.ListImportResultsRequest(parent=running.name, page_size=1_000)

    first = await scene.answered(scene.imports.ListImportResults(request))
    request.page_token = first.next_page_token
    nothing = await scene.answered(scene.imports.ListImportResults(request))
    await scene.subject.release_work()
    await scene.end_of(running.name)
    results = [*first.results, *nothing.results]
    request.page_token = nothing.next_page_token
    while request.page_token:
        page = await scene.answered(scene.imports.ListImportResults(request))
        results += page.results
        request.page_token = page.next_page_token
        expect(len(results) <= running.inputs_size, "the pages do not end")

    expect_equal(len(first.results), running.processed_count, "the results half way")
    expect(first.next_page_token and nothing.next_page_token, "there is no token, and more will come")
    expect_equal(len(nothing.results), 0, "the results of a page where nothing is new")
    expect_equal(
        [result.row_number for result in results], list(range(1, running.inputs_size + 1)), "all row numbers"
    )


@guarantee("get/report", "GetImport carries the log of errors and their summary.")
async def report(scene: Scene) -> None:
    ended = await scene.ended(rows=12, failed=1)

    got = await scene.get(ended.name)

    expect("row 12" in got.errors_log.fields, f"errors_log has {list(got.errors_log.fields)}")
    summary = [(entry.code, entry.count, list(entry.first_rows)) for entry in got.issue_summary]
    expect_equal(summary, [("malformed", 1, [12])], "the summary")
