import pytest

from imports_client.channel import addresses_in


@pytest.mark.parametrize(
    ("target", "addresses"),
    [
        ("127.0.0.1:50051", ["127.0.0.1:50051"]),
        ("a:50051, b:50051", ["a:50051", "b:50051"]),
        ("[::1]:50051,dns:///a:1", ["[::1]:50051", "dns:///a:1"]),
        ("ipv4:10.0.0.1:1,10.0.0.2:1", ["ipv4:10.0.0.1:1,10.0.0.2:1"]),
    ],
)
def test_a_target_names_one_replica_or_several(target: str, addresses: list[str]) -> None:
    assert addresses_in(target) == addresses


@pytest.mark.parametrize("target", ["", "a:1,", ",a:1"])
def test_a_target_without_an_address_is_a_mistake_of_the_caller(target: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        addresses_in(target)
