"""Updating, interrupting and retrying imports."""

from google.protobuf.field_mask_pb2 import FieldMask

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene


@guarantee("update/etag", "UpdateImport moves etag and updated_at if and only if something changed.")
async def etag(scene: Scene) -> None:
    created = await scene.ended()

    same = await scene.answered(scene.imports.UpdateImport(pb.UpdateImportRequest(name=created.name)))
    changed = await scene.update(created.name, "changed")
    again = await scene.update(created.name, "changed")

    expect_equal((same.etag, same.updated_at), (created.etag, created.updated_at), "what stays the same")
    expect(changed.etag != created.etag, "the etag is still the same")
    expect(changed.updated_at.ToNanoseconds() > created.updated_at.ToNanoseconds(), "updated_at did not move")
    expect_equal((again.etag, again.updated_at), (changed.etag, changed.updated_at), "the same change again")


@guarantee("update/etag-of-course", "Neither progress nor status moves etag and updated_at.")
async def etag_of_course(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=20)
    await scene.subject.release_work()

    ended = await scene.end_of(created.name)

    expect_equal((ended.etag, ended.updated_at), (created.etag, created.updated_at), "etag and updated_at")


@guarantee(
    "update/etag-mismatch", "UpdateImport with another etag is ABORTED ETAG_MISMATCH and changes nothing."
)
async def etag_mismatch(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    changed = await scene.update(created.name, "changed")
    update = scene.imports.UpdateImport

    refusal = await scene.refused(
        update(pb.UpdateImportRequest(name=created.name, reference="r", etag=created.etag))
    )
    last = await scene.answered(
        update(pb.UpdateImportRequest(name=created.name, reference="s", etag=changed.etag))
    )

    expect_equal((refusal.code.name, refusal.reason), ("ABORTED", "ETAG_MISMATCH"), "the refusal")
    expect_equal(last.reference, "s", "the reference after a change with the right etag")


@guarantee("update/etag-of-another", "An etag belongs to one import: not to the next one of the same name.")
async def etag_of_another(scene: Scene) -> None:
    await scene.subject.hold_work()
    first = await scene.create(import_id="twice")
    await scene.delete(first.name)
    await scene.create(import_id="twice")

    refusal = await scene.refused(
        scene.imports.UpdateImport(pb.UpdateImportRequest(name=first.name, reference="r", etag=first.etag))
    )

    expect_equal((refusal.code.name, refusal.reason), ("ABORTED", "ETAG_MISMATCH"), "the refusal")


@guarantee(
    "update/mask",
    "update_mask says what is set, empty values too; a path that cannot be set is INVALID_ARGUMENT.",
)
async def mask(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(reference="r")
    update = scene.imports.UpdateImport

    def request(*paths: str) -> pb.UpdateImportRequest:
        return pb.UpdateImportRequest(
            name=created.name, reference_origin="o", update_mask=FieldMask(paths=paths)
        )

    one = await scene.answered(update(request("reference_origin")))
    everything = await scene.answered(update(request("*")))
    refusal = await scene.refused(update(request("status")))

    expect_equal((one.reference, one.reference_origin), ("r", "o"), "after a change of reference_origin")
    expect_equal((everything.reference, everything.reference_origin), ("", "o"), "after a change of all")
    fields = [field for field, _ in refusal.violations]
    expect_equal((refusal.code.name, fields), ("INVALID_ARGUMENT", ["update_mask"]), "the refusal")


@guarantee(
    "interrupt/stops-rows",
    "Once InterruptImport has answered, no further row is finished; all are accounted for.",
)
async def stops_rows(scene: Scene) -> None:
    running = await scene.half_way()

    asked = await scene.interrupt(running.name)
    await scene.subject.release_work()
    ended = await scene.end_of(running.name)

    expect(asked.HasField("interrupt_requested_at"), "interrupt_requested_at is not set")
    expect_equal(
        (ended.status, ended.status_reason),
        (pb.STATUS_INTERRUPTED, pb.STATUS_REASON_REQUESTED),
        "the status and its reason",
    )
    expect_equal(ended.processed_count, asked.processed_count, "the rows done after the request")
    expect_equal(
        ended.not_processed_count, ended.inputs_size - ended.processed_count, "the rows not processed"
    )


@guarantee("interrupt/again", "Asking again for an interruption is harmless and changes nothing.")
async def again(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()

    first = await scene.interrupt(created.name)
    second = await scene.interrupt(created.name)

    expect_equal(second, first, "the answer to the second request")


@guarantee("interrupt/ended", "InterruptImport of an ended import is FAILED_PRECONDITION IMPORT_ENDED.")
async def ended(scene: Scene) -> None:
    done = await scene.ended()

    refusal = await scene.refused(scene.imports.InterruptImport(pb.InterruptImportRequest(name=done.name)))

    expect_equal((refusal.code.name, refusal.reason), ("FAILED_PRECONDITION", "IMPORT_ENDED"), "the refusal")


@guarantee(
    "end/too-many-errors",
    "More than 10 % failed rows interrupt an import, or set threshold_exceeded alone under skip_errors.",
)
async def too_many_errors(scene: Scene) -> None:
    exactly = await scene.ended(rows=10, failed=1, skip_errors=False)
    more = await scene.ended(rows=10, failed=2, skip_errors=False)
    skipped = await scene.ended(rows=10, failed=2, skip_errors=True)

    def outcome(message: pb.Import) -> tuple[str, str, bool]:
        reason = pb.StatusReason.Name(message.status_reason).removeprefix("STATUS_REASON_")
        return pb.Status.Name(message.status), reason, message.threshold_exceeded

    expect_equal(outcome(exactly), ("STATUS_COMPLETED", "UNSPECIFIED", False), "10 % errors")
    expect_equal(outcome(more), ("STATUS_INTERRUPTED", "TOO_MANY_ERRORS", True), "20 % errors")
    expect_equal(outcome(skipped), ("STATUS_COMPLETED", "UNSPECIFIED", True), "20 % errors under skip_errors")
    expect(
        more.HasField("interrupted_at") and more.HasField("expires_at"),
        "interrupted_at or expires_at is unset",
    )


@guarantee(
    "retry/failed-rows",
    "RetryImport makes an import of the failed rows, with their numbers, under skip_errors.",
)
async def failed_rows(scene: Scene) -> None:
    parent = await scene.ended(rows=12, failed=2)

    child = await scene.answered(
        scene.imports.RetryImport(pb.RetryImportRequest(name=parent.name, outcomes=[pb.OUTCOME_FAILED]))
    )
    await scene.end_of(child.name)
    page = await scene.answered(
        scene.imports.ListImportResults(pb.ListImportResultsRequest(parent=child.name))
    )

    expect_equal((child.retry_of, child.inputs_size), (parent.name, 2), "retry_of and inputs_size")
    expect(child.skip_errors, "a retry without skip_errors")
    expect_equal([result.row_number for result in page.results], [11, 12], "the numbers of its rows")


@guarantee(
    "retry/refused",
    "RetryImport before the end, or without such rows, or of a rehearsal, is FAILED_PRECONDITION.",
)
async def refused(scene: Scene) -> None:
    whole = await scene.ended()
    rehearsal = await scene.ended(failed=1, validate_only=True)
    await scene.subject.hold_work()
    pending = await scene.create()

    for name, reason in (
        (whole.name, "NOTHING_TO_RETRY"),
        (rehearsal.name, "VALIDATE_ONLY_IMPORT"),
        (pending.name, "IMPORT_NOT_ENDED"),
    ):
        refusal = await scene.refused(scene.imports.RetryImport(pb.RetryImportRequest(name=name)))
        expect_equal((refusal.code.name, refusal.reason), ("FAILED_PRECONDITION", reason), "the refusal")


@guarantee("retry/request-id", "RetryImport makes one import for one request_id, and another one for none.")
async def request_id(scene: Scene) -> None:
    parent = await scene.ended(rows=2, failed=1)

    def retried(request_id: str) -> pb.RetryImportRequest:
        return pb.RetryImportRequest(name=parent.name, request_id=request_id)

    retry = scene.imports.RetryImport
    once = [await scene.answered(retry(retried("once"))) for _ in range(2)]
    more = [await scene.answered(retry(retried(""))) for _ in range(2)]

    expect_equal(once[0].uid, once[1].uid, "the uids of the same request")
    expect_equal(len({each.uid for each in [once[0], *more]}), 3, "how many imports were made")
