"""The fake keeps what the contract guarantees."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from imports_client.testing.conformance import GUARANTEES, Subject, check
from tests.conformance.subjects import fake_subject


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def subject() -> AsyncIterator[Subject]:
    async with fake_subject() as subject:
        yield subject


@pytest.mark.parametrize("name", GUARANTEES)
async def test_the_fake_keeps(name: str, subject: Subject) -> None:
    await check(GUARANTEES[name], subject)
