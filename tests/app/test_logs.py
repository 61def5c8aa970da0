"""Log lines: one JSON object each where nobody watches, and no secrets in them."""

import subprocess
import sys

import msgspec

SCRIPT = """
import logging, structlog
from imports_service.logs import configure_logs
configure_logs()
log = structlog.get_logger()
log.info("connected", database_url="postgresql://u:hidden@h/d", resume_token="hidden", rows=3)
logging.getLogger("some.library").warning("went %s", "wrong")
try:
    raise ValueError("broken")
except ValueError:
    log.exception("failed")
"""


def logged() -> list[dict[str, object]]:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return [msgspec.json.decode(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_level_and_time_and_without_secrets() -> None:
    connected, library, failed = logged()

    assert connected == {
        "event": "connected",
        "level": "info",
        "rows": 3,
        "database_url": "***",
        "resume_token": "***",
        "timestamp": connected["timestamp"],
    }
    assert (library["event"], library["level"]) == ("went wrong", "warning")
    assert failed["event"] == "failed"
    assert "ValueError: broken" in str(failed["exception"])
