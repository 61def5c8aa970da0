"""Health, reflection, and what is described without a database."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from commerce.imports.v1 import resource_types_pb2
from imports_service.rpc.server import SERVICES
from tests.rpc.tiny_server import details_of
from tests.services import Service

BUF = Path(sys.executable).with_name("buf")


async def buf_curl(service: Service, *arguments: str) -> str:
    """What the other implementation of gRPC answers; it knows the services by reflection only."""
    process = await asyncio.create_subprocess_exec(
        BUF,
        *("curl", "--http2-prior-knowledge", "--protocol", "grpc", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


def health_stub(service: Service) -> Any:
    return health_pb2_grpc.HealthStub(service.client.channel)


@pytest.mark.parametrize("protocol", ["grpc-v1", "grpc-v1alpha"])
async def test_reflection_lists_and_serves_the_contract(service: Service, protocol: str) -> None:
    url = f"http://{service.address}"

    listed = await buf_curl(service, "--reflect-protocol", protocol, "--list-services", url)
    answer = await buf_curl(
        service,
        *("--reflect-protocol", protocol, "-d", '{"resource_type": "skus"}'),
        f"{url}/commerce.imports.v1.ResourceTypeService/GetResourceType",
    )

    assert set(SERVICES) <= set(listed.split())
    assert json.loads(answer)["uniqueKey"] == ["code"]


@pytest.mark.parametrize("name", ["", *SERVICES])
async def test_health_is_serving_overall_and_per_service(service: Service, name: str) -> None:
    stub = health_stub(service)

    answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_health_of_an_unknown_service_is_not_found(service: Service) -> None:
    stub = health_stub(service)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Check(health_pb2.HealthCheckRequest(service="unknown"), timeout=5)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_all_24_types_are_listed_after_those_they_refer_to(service: Service) -> None:
    listed = await service.resource_types.ListResourceTypes(resource_types_pb2.ListResourceTypesRequest())

    names = [found.resource_type for found in listed.resource_types]
    assert len(names) == 24
    assert names.index("shipping_categories") < names.index("skus") < names.index("prices")


async def test_one_type_is_equal_to_the_same_in_the_list(service: Service) -> None:
    listed = await service.resource_types.ListResourceTypes(resource_types_pb2.ListResourceTypesRequest())

    for listed_type in listed.resource_types:
        request = resource_types_pb2.GetResourceTypeRequest(resource_type=listed_type.resource_type)
        assert await service.resource_types.GetResourceType(request) == listed_type


async def test_an_unknown_type_is_not_found(service: Service) -> None:
    request = resource_types_pb2.GetResourceTypeRequest(resource_type="markets")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.resource_types.GetResourceType(request)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert details_of(caught.value)[error_details_pb2.ErrorInfo].reason == "RESOURCE_TYPE_NOT_FOUND"
