"""Whatever befalls servers, workers and watchers: a watch tells exactly what happened, in the order of commits."""

import pytest

from tests.model.properties import EXAMPLES, SECONDS, holds
from tests.watch_properties.conftest import Stage
from tests.watch_properties.steps import schedules


@pytest.mark.timeout(SECONDS)
def test_watches_tell_what_happened(stage: Stage) -> None:
    holds(stage.loop, schedules(), stage.play, examples=max(4, EXAMPLES // 6))
