"""The S3 store: put, get, stream, list, delete, and URLs for callers. Whole objects, by name, in one bucket.

One client serves the whole process; every call is bounded by timeouts and few retries. Trouble is always
`Unavailable` (OBJECTS_UNAVAILABLE), a missing object `ObjectMissing`. It decides no names and no lifetimes.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from imports_service.domain.errors import Unavailable
from imports_service.objects.failures import ObjectMissing, answered, store_trouble
from imports_service.objects.writer import ObjectWriter
from imports_service.pulse import Pulse

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import ObjectIdentifierTypeDef

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TRIES = 3
MOST_NAMES_A_DELETE = 1_000
CHUNK_BYTES = 256 * 1024
URL_SECONDS = 300
OURS_ALREADY = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class Objects:
    """An open connection to one bucket. Made and closed by `open_objects`.

    `pulse` says whether the store answers, if somebody asks it: calls of one that is away are refused at once.
    """

    def __init__(self, client: "S3Client", signer: "S3Client", prober: "S3Client", bucket: str) -> None:
        self.bucket = bucket
        self.pulse = Pulse("objects")
        self._prober = prober
        self._client = client
        self._signer = signer

    async def put(self, name: str, data: bytes, content_type: str | None = None) -> None:
        """Store a whole object, in place of one of the same name. Raises `Unavailable`."""
        async with answered(self.pulse, "put", name):
            await self._client.put_object(
                Bucket=self.bucket,
                Key=name,
                Body=data,
                ContentType=content_type or "application/octet-stream",
            )

    async def get(self, name: str) -> bytes:
        """A whole object. Raises `ObjectMissing`, `Unavailable`."""
        async with answered(self.pulse, "get", name):
            answer = await self._client.get_object(Bucket=self.bucket, Key=name)
            async with answer["Body"] as body:
                return await body.read()

    async def get_range(self, name: str, start: int, size: int) -> bytes:
        """`size` bytes of an object, at least one, from `start` on. Raises `ObjectMissing`, `Unavailable`."""
        async with answered(self.pulse, "get a part of", name):
            answer = await self._client.get_object(
                Bucket=self.bucket, Key=name, Range=f"bytes={start}-{start + size - 1}"
            )
            async with answer["Body"] as body:
                data = await body.read()
        if len(data) != size:
            raise Unavailable(
                f"the object store gave {len(data)} of {size} bytes of {name}",
                reason="OBJECTS_UNAVAILABLE",
                operation="get a part of",
                object=name,
            )
        return data

    async def get_stream(self, name: str, chunk_bytes: int = CHUNK_BYTES) -> AsyncGenerator[bytes, None]:
        """An object in pieces of at most `chunk_bytes`, read as they are asked for; use it under `aclosing`.

        Raises `ObjectMissing` at the first piece, `Unavailable` at any.
        """
        async with answered(self.pulse, "get", name):
            answer = await self._client.get_object(Bucket=self.bucket, Key=name)
        async with answer["Body"] as body:
            while True:
                async with answered(self.pulse, "get", name):
                    chunk = await body.read(chunk_bytes)
                if not chunk:
                    return
                yield chunk

    @contextlib.asynccontextmanager
    async def writer(
        self,
        name: str,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> AsyncIterator[ObjectWriter]:
        """Write an object of any length; it appears when the block ends well, and not at all otherwise.

        Raises `Unavailable`.
        """
        headers = {"ContentType": content_type}
        if content_disposition is not None:
            headers["ContentDisposition"] = content_disposition
        writer = ObjectWriter(self._client, self.pulse, self.bucket, name, headers)
        try:
            yield writer
            await writer.finish()
        except BaseException:
            await writer.abort()
            raise

    async def head(self, name: str) -> int | None:
        """The size of an object in bytes; None when there is none. Raises `Unavailable`."""
        try:
            async with answered(self.pulse, "look at", name):
                return (await self._client.head_object(Bucket=self.bucket, Key=name))["ContentLength"]
        except ObjectMissing:
            return None

    async def list(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """The names that begin with `prefix`, in order, a page at a time. Raises `Unavailable`."""
        with store_trouble("list", prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            async for page in pages:
                for entry in page.get("Contents", []):
                    yield entry["Key"]

    async def open_uploads(self, prefix: str = "") -> AsyncGenerator[tuple[str, str], None]:
        """Name and id of every multipart upload under `prefix` that is open. Raises `Unavailable`."""
        with store_trouble("list the open uploads of", prefix):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            async for page in pages:
                for upload in page.get("Uploads", []):
                    yield upload["Key"], upload["UploadId"]

    async def delete(self, names: Iterable[str]) -> None:
        """Remove objects; names without one are no error. Raises `Unavailable` unless all are gone."""
        batch: list[ObjectIdentifierTypeDef] = []
        for name in names:
            batch.append({"Key": name})
            if len(batch) == MOST_NAMES_A_DELETE:
                await self._delete_batch(batch)
                batch = []
        if batch:
            await self._delete_batch(batch)

    async def abort_uploads(self, prefix: str) -> int:
        """Give up the multipart uploads under `prefix` that are open; say how many. Raises `Unavailable`."""
        async with contextlib.aclosing(self.open_uploads(prefix)) as uploads:
            found = [upload async for upload in uploads]
        for name, upload_id in found:
            with contextlib.suppress(ObjectMissing), store_trouble("abort", name):
                await self._client.abort_multipart_upload(Bucket=self.bucket, Key=name, UploadId=upload_id)
        return len(found)

    async def delete_prefix(self, prefix: str, *, keep: frozenset[str] = frozenset()) -> int:
        """Remove all objects and open multipart uploads under `prefix` but those in `keep`; say how many.

        Raises `Unavailable`.
        """
        removed = await self.abort_uploads(prefix)
        async with contextlib.aclosing(self.list(prefix)) as names:
            batch: list[str] = []
            async for name in names:
                if name in keep:
                    continue
                removed += 1
                batch.append(name)
                if len(batch) == MOST_NAMES_A_DELETE:
                    await self.delete(batch)
                    batch.clear()
            await self.delete(batch)
        return removed

    async def presign(
        self, name: str, *, expires: int = URL_SECONDS, download_name: str | None = None
    ) -> str:
        """A URL that gives the object to whoever has it for `expires` seconds; names the public endpoint."""
        parameters = {"Bucket": self.bucket, "Key": name}
        if download_name is not None:
            parameters["ResponseContentDisposition"] = f'attachment; filename="{download_name}"'
        return await self._signer.generate_presigned_url("get_object", Params=parameters, ExpiresIn=expires)

    async def check(self) -> None:
        """Raises `Unavailable` when the bucket cannot be reached with these credentials."""
        await self._check(self._client)

    async def ask(self) -> None:
        """The same without a second try, for whoever asks again and again; the caller bounds the time."""
        await self._check(self._prober)

    async def _check(self, client: "S3Client") -> None:
        try:
            with store_trouble("open the bucket", self.bucket):
                await client.head_bucket(Bucket=self.bucket)
        except ObjectMissing as error:
            raise Unavailable(
                f"there is no bucket {self.bucket}", reason="OBJECTS_UNAVAILABLE", bucket=self.bucket
            ) from error

    async def make_bucket(self) -> None:
        """Make the bucket unless it is there. Raises `Unavailable`."""
        async with answered(self.pulse, "make the bucket", self.bucket):
            try:
                await self._client.create_bucket(Bucket=self.bucket)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in OURS_ALREADY:
                    raise

    async def _delete_batch(self, batch: "Iterable[ObjectIdentifierTypeDef]") -> None:
        named = list(batch)
        async with answered(self.pulse, "delete", named[0]["Key"]):
            answer = await self._client.delete_objects(
                Bucket=self.bucket, Delete={"Objects": named, "Quiet": True}
            )
        if errors := answer.get("Errors"):
            raise Unavailable(
                f"the object store kept {len(errors)} of {len(named)} objects: {errors[0].get('Code')}",
                reason="OBJECTS_UNAVAILABLE",
                operation="delete",
                object=errors[0].get("Key", ""),
            )


@contextlib.asynccontextmanager
async def open_objects(
    *,
    bucket: str,
    endpoint_url: str | None = None,
    public_endpoint_url: str | None = None,
    region: str = "us-east-1",
    access_key: str | None = None,
    secret_key: str | None = None,
    connections: int = 32,
) -> AsyncIterator[Objects]:
    """Open the store for the time of the block; no call is made yet.

    Without keys the usual AWS chain finds credentials. `public_endpoint_url` is what presigned URLs name,
    where callers reach the store by another name than this service does.
    """
    session = get_session()
    async with contextlib.AsyncExitStack() as stack:

        async def client(endpoint: str | None, *, tries: int = TRIES) -> "S3Client":
            config = AioConfig(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": tries},
                max_pool_connections=connections,
            )
            return await stack.enter_async_context(
                session.create_client(
                    "s3",
                    region_name=region,
                    endpoint_url=endpoint,
                    aws_access_key_id=access_key,
                    aws_secret_access_key=secret_key,
                    config=config,
                )
            )

        own = await client(endpoint_url)
        differs = public_endpoint_url is not None and public_endpoint_url != endpoint_url
        signer = await client(public_endpoint_url) if differs else own
        yield Objects(own, signer, await client(endpoint_url, tries=1), bucket)
