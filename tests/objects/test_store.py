"""The S3 store: whole objects by name, flat memory, nothing left behind, trouble in our own words."""

import asyncio
import hashlib
import tracemalloc
from contextlib import aclosing

import aiohttp
import pytest

from imports_service.domain.errors import Unavailable
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.failures import ObjectMissing
from imports_service.objects.store import Objects, open_objects
from imports_service.objects.writer import PART_BYTES

MIB = 1024 * 1024


async def names(objects: Objects, prefix: str = "") -> list[str]:
    async with aclosing(objects.list(prefix)) as found:
        return [name async for name in found]


async def open_uploads(objects: Objects, prefix: str = "") -> list[str]:
    async with aclosing(objects.open_uploads(prefix)) as found:
        return [name async for name, _ in found]


async def fetched(url: str) -> tuple[int, bytes, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.read(), answer.headers.get("Content-Disposition", "")


async def test_what_is_put_is_what_is_got(objects: Objects) -> None:
    await objects.put("a/b", b"\x00\xffbytes")

    assert await objects.get("a/b") == b"\x00\xffbytes"


async def test_an_empty_object_is_an_object(objects: Objects) -> None:
    await objects.put("empty", b"")

    assert await objects.get("empty") == b""
    assert await objects.head("empty") == 0


async def test_a_missing_object_is_missing_not_trouble(objects: Objects) -> None:
    with pytest.raises(ObjectMissing, match="no object nothing"):
        await objects.get("nothing")

    assert await objects.head("nothing") is None


async def test_a_range_gives_so_many_bytes_of_an_object(objects: Objects) -> None:
    await objects.put("long", bytes(range(256)))

    assert await objects.get_range("long", 10, 5) == bytes(range(10, 15))
    assert await objects.get_range("long", 255, 1) == b"\xff"
    with pytest.raises(Unavailable):
        await objects.get_range("long", 250, 10)
    with pytest.raises(ObjectMissing):
        await objects.get_range("nothing", 0, 1)


async def test_open_uploads_of_an_object_can_be_given_up(objects: Objects) -> None:
    await objects.put("a/whole", b"whole")

    async def write() -> None:
        async with objects.writer("a/long") as writer:
            await writer.write(bytes(PART_BYTES + 1))
            assert await objects.abort_uploads("a/lon") == 1

    with pytest.raises(Unavailable):
        await write()
    assert await open_uploads(objects) == []
    assert await names(objects) == ["a/whole"]


async def test_a_stream_gives_the_object_in_pieces(objects: Objects) -> None:
    data = bytes(range(256)) * 3000
    await objects.put("long", data)

    async with aclosing(objects.get_stream("long", chunk_bytes=100_000)) as stream:
        pieces = [piece async for piece in stream]

    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 100_000


async def test_a_stream_of_a_missing_object_says_so_at_the_first_piece(objects: Objects) -> None:
    async with aclosing(objects.get_stream("nothing")) as stream:
        with pytest.raises(ObjectMissing):
            await anext(stream)


async def test_a_stream_may_be_left_early(objects: Objects) -> None:
    await objects.put("long", bytes(4 * MIB))

    async with aclosing(objects.get_stream("long")) as stream:
        await anext(stream)

    assert await objects.head("long") == 4 * MIB


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(0, id="nothing"),
        pytest.param(10, id="a few bytes"),
        pytest.param(PART_BYTES, id="exactly one part"),
        pytest.param(PART_BYTES + 1, id="one byte more than a part"),
        pytest.param(2 * PART_BYTES, id="exactly two parts"),
    ],
)
async def test_a_written_object_is_whole_at_any_length(objects: Objects, size: int) -> None:
    async with objects.writer("written") as writer:
        for start in range(0, size, 3 * MIB + 7):
            await writer.write(b"x" * min(3 * MIB + 7, size - start))

    assert writer.size == size
    assert await objects.get("written") == b"x" * size
    assert await open_uploads(objects) == []


async def test_parts_keep_their_order(objects: Objects) -> None:
    pieces = [hashlib.sha256(str(number).encode()).digest() * (MIB // 32) for number in range(20)]

    async with objects.writer("ordered") as writer:
        for piece in pieces:
            await writer.write(piece)

    assert await objects.get("ordered") == b"".join(pieces)


async def test_a_write_that_fails_leaves_no_object_and_no_open_upload(objects: Objects) -> None:
    async def write_and_break() -> None:
        async with objects.writer("broken") as writer:
            await writer.write(bytes(PART_BYTES + 1))
            raise RuntimeError("the reader broke")

    with pytest.raises(RuntimeError, match="the reader broke"):
        await write_and_break()

    assert await names(objects) == []
    assert await open_uploads(objects) == []


async def test_a_cancelled_write_leaves_no_object_and_no_open_upload(objects: Objects) -> None:
    has_begun = asyncio.Event()

    async def write_for_ever() -> None:
        async with objects.writer("cancelled") as writer:
            await writer.write(bytes(PART_BYTES + 1))
            has_begun.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(write_for_ever())
        await has_begun.wait()
        task.cancel()

    assert await names(objects) == []
    assert await open_uploads(objects) == []


async def test_a_long_write_keeps_memory_flat(objects: Objects) -> None:
    piece = bytes(MIB)
    async with objects.writer("warm") as writer:
        await writer.write(bytes(2 * PART_BYTES))

    tracemalloc.start()
    try:
        async with objects.writer("huge") as writer:
            for _ in range(64):
                await writer.write(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5 * PART_BYTES


async def test_delete_takes_more_names_than_one_call_does_and_forgives_missing_ones(objects: Objects) -> None:
    await objects.put("keep", b"")
    await objects.put("drop/1", b"")

    await objects.delete([f"drop/{number}" for number in range(1_500)])

    assert await names(objects) == ["keep"]


async def test_a_prefix_goes_with_its_open_uploads_and_nothing_else(objects: Objects) -> None:
    await objects.put("gone/1", b"")
    await objects.put("gone/deep/2", b"")
    await objects.put("gone-not", b"")
    has_begun, was_swept = asyncio.Event(), asyncio.Event()

    async def write_while_swept() -> None:
        async with objects.writer("gone/3") as writer:
            await writer.write(bytes(PART_BYTES + 1))
            has_begun.set()
            await was_swept.wait()

    async def sweep() -> int:
        await has_begun.wait()
        removed = await objects.delete_prefix("gone/")
        was_swept.set()
        return removed

    async with asyncio.TaskGroup() as tasks:
        sweeping = tasks.create_task(sweep())
        with pytest.raises(Unavailable):
            await write_while_swept()

    assert sweeping.result() == 3
    assert await names(objects) == ["gone-not"]
    assert await open_uploads(objects) == []


async def test_a_prefix_keeps_what_it_is_told_to_keep(objects: Objects) -> None:
    await objects.put("files/named", b"")
    await objects.put("files/orphan", b"")

    await objects.delete_prefix("files/", keep=frozenset({"files/named"}))

    assert await names(objects) == ["files/named"]


async def test_listing_goes_beyond_one_page(objects: Objects) -> None:
    async with asyncio.TaskGroup() as puts:
        for number in range(1_050):
            puts.create_task(objects.put(f"many/{number:04}", b""))

    assert await names(objects, "many/") == [f"many/{number:04}" for number in range(1_050)]


async def test_a_presigned_url_gives_the_object_under_a_name_to_save_it_by(objects: Objects) -> None:
    await objects.put("files/attachment", b"rows")

    url = await objects.presign("files/attachment", download_name="import.json.gz")

    assert await fetched(url) == (200, b"rows", 'attachment; filename="import.json.gz"')


async def test_a_presigned_url_is_worthless_when_changed(objects: Objects) -> None:
    await objects.put("files/a", b"mine")
    await objects.put("files/b", b"yours")

    url = await objects.presign("files/a")

    assert (await fetched(url.replace("files/a", "files/b")))[0] == 403


async def test_presigned_urls_name_the_public_endpoint(object_server: EmbeddedObjects) -> None:
    async with open_objects(
        bucket=object_server.bucket,
        endpoint_url=object_server.endpoint_url,
        public_endpoint_url="https://files.example.com",
        access_key=object_server.access_key,
        secret_key=object_server.secret_key,
    ) as objects:
        url = await objects.presign("files/a")

    assert url.startswith(f"https://files.example.com/{object_server.bucket}/files/a?")


async def test_a_store_that_is_away_is_unavailable(unused_tcp_port: int) -> None:
    async with open_objects(
        bucket="imports", endpoint_url=f"http://127.0.0.1:{unused_tcp_port}", access_key="a", secret_key="b"
    ) as objects:
        with pytest.raises(Unavailable) as caught:
            await objects.put("a", b"")

    assert caught.value.reason == "OBJECTS_UNAVAILABLE"
    assert caught.value.facts == {"operation": "put", "object": "a"}


async def test_wrong_keys_are_unavailable_not_missing(object_server: EmbeddedObjects) -> None:
    async with open_objects(
        bucket=object_server.bucket,
        endpoint_url=object_server.endpoint_url,
        access_key=object_server.access_key,
        secret_key="wrong",
    ) as objects:
        with pytest.raises(Unavailable):
            await objects.get("a")


async def test_a_bucket_that_is_not_there_is_said_by_name(object_server: EmbeddedObjects) -> None:
    async with open_objects(
        bucket="not-there",
        endpoint_url=object_server.endpoint_url,
        access_key=object_server.access_key,
        secret_key=object_server.secret_key,
    ) as objects:
        with pytest.raises(Unavailable, match="no bucket not-there"):
            await objects.check()
