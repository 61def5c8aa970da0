"""Documents of addresses: a type without a key, so segments may run in parallel, and a row run twice shows."""

import json


def addresses(rows: int, *, bad: frozenset[int] = frozenset()) -> bytes:
    """So many rows as JSON Lines; those whose numbers (from 1) are in `bad` lack a city and fail."""
    return b"".join(
        json.dumps(_address(number, number in bad)).encode() + b"\n" for number in range(1, rows + 1)
    )


def _address(number: int, is_bad: bool) -> dict[str, str]:
    address = {
        "first_name": "Ida",
        "last_name": f"Number {number}",
        "line_1": f"{number} Harbour Road",
        "city": "Bergen",
        "country_code": "NO",
        "phone": f"+47 55 {number:06d}",
    }
    if is_bad:
        del address["city"]
    return address
