"""How long it takes to close an import, which is to write its files after its last row is done.

Told as a share of what processing all its rows takes at the pace of the last ones: a machine that is slow, or busy with
another import, slows both down alike. The share depends on the type, because a row with much to look up and to write is
closed like any other, and on the size of segments; so it is learned, type by type, from the closings that the process
sees.
"""

SHARE = 0.17
"""Measured: 0.15 to 0.4 for types of plain rows, 0.03 to 0.1 for rows with references and nested lists."""
LEAST_SHARE, MOST_SHARE = 0.01, 1.0


class Closings:
    """What one process knows of closings, by resource type."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}

    def seconds(self, resource_type: str, processing_seconds: float) -> float:
        """What the closing should take of an import whose rows all together take so long."""
        return processing_seconds * self._shares.get(resource_type, SHARE)

    def learn(self, resource_type: str, processing_seconds: float, seconds: float) -> None:
        """A closing took so many seconds, above 0. The longer, the more it says: short ones are mostly waiting."""
        if processing_seconds <= 0 or seconds <= 0:
            return
        seen = min(MOST_SHARE, max(LEAST_SHARE, seconds / processing_seconds))
        known = self._shares.get(resource_type, SHARE)
        self._shares[resource_type] = known + 0.25 * seconds / (1 + seconds) * (seen - known)
