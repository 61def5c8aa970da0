"""`make chaos`: a run on parts of its own; says how far it is and what came of it. Exit status 1 for a violation."""

import argparse
import asyncio
import json
import logging
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # read when gRPC is imported
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from tests.chaos.findings import text_of
from tests.chaos.run import Plan, run
from tests.sockets import remove_sockets


def main() -> int:
    arguments = _arguments()
    seed = random.SystemRandom().randrange(2**31) if arguments.seed is None else arguments.seed
    directory = Path(tempfile.mkdtemp(prefix="imports-chaos-"))
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # it has much to say of a database that goes away
    print(f"chaos with seed {seed} for {arguments.seconds:g} s; logs in {directory}", flush=True)
    findings = asyncio.run(
        run(Plan(seed, arguments.seconds), directory, lambda line: print(line, flush=True))
    )
    summary = findings.summary(seed=seed, load_seconds=arguments.seconds, directory=str(directory))
    print(text_of(summary))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(summary, indent=2) + "\n")
    if findings.violations:
        return 1
    remove_sockets(directory)
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of load and faults")
    parser.add_argument("--seed", type=int, help="what draws both; none: another one each time")
    parser.add_argument("--json", type=Path, help="where to write the summary as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
