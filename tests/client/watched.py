"""Watches a script as a client does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from imports_client import Imports, connect
from tests.client.scripted import NAME, STORY, WAIT_SECONDS, Script, replicas

TOKENS = [each.resume_token for each in STORY]


async def tokens_seen(imports: Imports, resume_token: str = "", **limits: Any) -> list[str]:
    async with asyncio.timeout(WAIT_SECONDS):
        events = imports.watch(NAME, resume_token=resume_token, **limits)
        return [each.resume_token async for each in events]


@asynccontextmanager
async def watching(script: Script, **options: Any) -> AsyncIterator[AsyncIterator[pb.ImportEvent]]:
    async with (
        replicas(script) as target,
        connect(target) as imports,
        aclosing(imports.watch(NAME, **options)) as events,
        asyncio.timeout(WAIT_SECONDS),
    ):
        yield events


async def watched(script: Script, count: int = 1, resume_token: str = "", **limits: Any) -> list[str]:
    """The tokens of the events that a client yields."""
    async with replicas(script, count) as target, connect(target) as imports:
        return await tokens_seen(imports, resume_token, **limits)
