"""A minute of chaos: see `make chaos`, which is the same for longer."""

from pathlib import Path
from random import SystemRandom

import pytest

from tests.chaos.findings import text_of
from tests.chaos.run import Plan, run

SECONDS = 60.0


@pytest.mark.timeout(400)
async def test_whatever_befalls_its_parts_the_service_loses_nothing_and_does_nothing_twice(
    data_dir: Path,
) -> None:
    plan = Plan(seed=SystemRandom().randrange(2**31), seconds=SECONDS)

    findings = await run(plan, data_dir, print)

    assert not findings.violations, text_of(findings.summary(seed=plan.seed, directory=str(data_dir)))
    said = " ".join(findings.faults)
    assert all(kind in said for kind in ("kill", "freeze", "terminate", "restart")), said
    assert findings.counts["organizations"] > 0
