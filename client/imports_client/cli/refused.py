"""What ends a command before it is done, as it is told to a person. Knows nothing of gRPC, so that it costs
nothing to load."""

from collections.abc import Iterable


class WrongUsage(Exception):
    """The command cannot be meant so; the message says why."""


class CallRefused(Exception):
    """`code` and `reason` are the names to look up in the contract; `violations` pairs of field path and
    fault, told where the message does not tell them already."""

    def __init__(
        self,
        code: str,
        reason: str,
        message: str,
        violations: Iterable[tuple[str, str]],
        facts: dict[str, str],
    ) -> None:
        lines = [f"{reason or code}: {message}"]
        faults = [": ".join(filter(None, violation)) for violation in violations]
        lines += [f"  {fault}" for fault in faults if fault not in message]
        lines += [f"  {name} = {fact}" for name, fact in sorted(facts.items())]
        super().__init__("\n".join(lines))
