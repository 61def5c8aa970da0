"""A fake of the Imports service for the unit tests of its callers.

    async with fake_service() as fake, connect(fake.target) as imports:
        ended = await imports.import_and_wait("organizations/o", "skus", b'[{"code": "A", "name": "a"}]')
        assert ended.created_count == 1

It is a real server on a loopback port that speaks the contract and holds everything in memory. It knows no attributes
and no environment: every row of a document is created, unless the test says otherwise. A test that cares for the way
there takes the wheel:

    async with fake_service(by_hand=True) as fake, connect(fake.target) as imports:
        created = await imports.create("organizations/o", "skus", [{"code": "A"}, {"code": "B"}])
        watch = asyncio.create_task(what_you_test(imports, created.name))
        fake.process(created.name, rows=1)
        fake.drop_connections()
        fake.complete(created.name)

The fake keeps what the contract guarantees: the same suite of checks runs against it and against the service, see
`imports_client.testing.conformance`.
"""

from imports_client.testing.fake import FakeService, fake_service

__all__ = ["FakeService", "fake_service"]
