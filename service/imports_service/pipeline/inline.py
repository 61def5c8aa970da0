"""Inputs that came inline, as the JSON Lines document that they stand for."""

import json
from collections.abc import Mapping
from typing import Any


def canonical_line(values: Mapping[str, Any]) -> bytes:
    """One input as a line of JSON without its line break: names sorted, equal values in equal bytes.

    Numbers are written as they are: whole doubles have to be ints by now. NaN and infinity are written in
    words that JSON does not have, so that the row is refused for them and not for a null that nobody sent.
    """
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
