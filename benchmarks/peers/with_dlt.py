"""dlt: a pipeline that merges a JSON Lines file into a table of PostgreSQL by its key, strategy `upsert`.

    python -m benchmarks.peers.with_dlt URL FILE [rows|pages|again|arrow]

*rows* is its simplest way: dicts, one after the other, loaded by INSERTs. *pages* gives them in lists of 10,000, as its
page on performance asks for, and *again* the same over a table that has all of the rows already.
*arrow* is the fastest that its page on PostgreSQL knows: a table that pyarrow has read, loaded as Parquet through ADBC;
it looks at no row, and takes only what is a table already.
"""

import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
from dlt.common.json import json as fast_json

PAGE_ROWS = 10_000
MERGE = {"disposition": "merge", "strategy": "upsert"}


def pages(path: Path) -> Iterator[list[Any]]:
    with path.open("rb") as file:
        while page := [fast_json.loadb(line) for line in itertools.islice(file, PAGE_ROWS)]:
            yield page


def rows(path: Path) -> Iterator[Any]:
    for page in pages(path):
        yield from page


def arrow_table(path: Path) -> Iterator[Any]:
    from pyarrow import json as arrow_json  # noqa: PLC0415 - not a part of the other way's start

    yield arrow_json.read_json(path)


def main(url: str, path: Path, way: str) -> None:
    is_arrow = way == "arrow"
    given: Callable[[Path], Iterator[Any]] = {"rows": rows, "arrow": arrow_table}.get(way, pages)

    def run() -> float:
        skus = dlt.resource(
            given(path),
            name="skus",
            primary_key="code",
            write_disposition=MERGE,
        )
        started = time.perf_counter()
        pipeline.run(
            skus, loader_file_format="parquet" if is_arrow else "insert_values"
        ).raise_on_failed_jobs()
        return time.perf_counter() - started

    with tempfile.TemporaryDirectory(prefix="imports-dlt-") as directory:
        pipeline = dlt.pipeline(
            f"bench_{way}",
            destination=dlt.destinations.postgres(url),
            dataset_name=f"dlt_{way}_{os.getpid()}",
            pipelines_dir=directory,
        )
        if way == "again":
            run()
        seconds = run()
        with pipeline.sql_client() as client:
            [(stored,)] = client.execute_sql("SELECT count(*) FROM skus")
            client.drop_dataset()
    print(json.dumps({"seconds": seconds, "rows": stored}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
