import asyncio
from commerce.imports.v1.imports_pb2 import Status
from imports_client.connection import connect

INPUTS = [{"code": "PARCEL", "name": "Parcel"}, {"code": "FREIGHT"}]


async def main():
    async with connect("127.0.0.1:50051") as imports:
        created = await imports.create("organizations/acme", "shipping_categories", INPUTS, skip_errors=True)
        async for event in imports.watch(created.name):
            print(Status.Name(event.snapshot.status), f"{event.progress.percent:.0f} %")
        async for row in imports.results(created.name):
            print(row.row_number, row.key, row.resource_id, [issue.message for issue in row.issues])


asyncio.run(main())
