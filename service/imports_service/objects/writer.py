"""Writes one object of unknown length with flat memory: one PUT when it is short, else parts of 8 MiB.

The object appears whole, at the end, or not at all.
"""

import contextlib
from typing import TYPE_CHECKING

from imports_service.domain.errors import Unavailable
from imports_service.objects.failures import ObjectMissing, answered
from imports_service.pulse import Pulse

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 1024 * 1024


class ObjectWriter:
    """Gathers what is written into parts. Made by `Objects.writer`, which finishes or aborts it."""

    def __init__(
        self, client: "S3Client", pulse: Pulse, bucket: str, name: str, headers: dict[str, str]
    ) -> None:
        self.name = name
        self.size = 0
        self._client = client
        self._pulse = pulse
        self._bucket = bucket
        self._headers = headers
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    async def write(self, data: bytes) -> None:
        """Add to the object. Raises `Unavailable`."""
        self.size += len(data)
        rest = memoryview(data)
        while rest:
            if len(self._buffer) == PART_BYTES:
                # Not before there is more: a part that is all there is needs no multipart upload.
                await self._put_part()
            room = PART_BYTES - len(self._buffer)
            self._buffer += rest[:room]
            rest = rest[room:]

    async def finish(self) -> None:
        """Make the object appear. Raises `Unavailable`."""
        if self._upload_id is None:
            async with answered(self._pulse, "put", self.name):
                await self._client.put_object(
                    Bucket=self._bucket,
                    Key=self.name,
                    Body=bytes(self._buffer),
                    **self._headers,  # type: ignore[arg-type]
                )
            return
        await self._put_part()
        async with answered(self._pulse, "complete", self.name):
            await self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self.name,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._parts},
            )

    async def abort(self) -> None:
        """Leave nothing behind, as far as the store lets us; the sweep of the prefix finds the rest."""
        if self._upload_id is None:
            return
        with contextlib.suppress(Unavailable, ObjectMissing):
            async with answered(self._pulse, "abort", self.name):
                await self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=self.name, UploadId=self._upload_id
                )

    async def _put_part(self) -> None:
        async with answered(self._pulse, "put a part of", self.name):
            if self._upload_id is None:
                opened = await self._client.create_multipart_upload(
                    Bucket=self._bucket,
                    Key=self.name,
                    **self._headers,  # type: ignore[arg-type]
                )
                self._upload_id = opened["UploadId"]
            number = len(self._parts) + 1
            part = await self._client.upload_part(
                Bucket=self._bucket,
                Key=self.name,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=bytes(self._buffer),
            )
        completed: CompletedPartTypeDef = {"PartNumber": number, "ETag": part["ETag"]}
        if (checksum := part.get("ChecksumCRC32")) is not None:
            completed["ChecksumCRC32"] = checksum
        self._parts.append(completed)
        self._buffer.clear()
