"""A call that was refused, as it is told to a person. Knows nothing of gRPC, so that it costs nothing to
load."""

from collections.abc import Iterable


class CallRefused(Exception):
    """`code` and `reason` are the names to look up in the contract; `violations` pairs of field path and
    fault."""

    def __init__(
        self,
        code: str,
        reason: str,
        message: str,
        violations: Iterable[tuple[str, str]],
        facts: dict[str, str],
    ) -> None:
        lines = [f"{reason or code}: {message}"]
        lines += [f"  {field}: {description}" for field, description in violations]
        lines += [f"  {name} = {fact}" for name, fact in sorted(facts.items())]
        super().__init__("\n".join(lines))
