"""Writes docs/types from the registry and the samples; `--check` proves that the committed pages are fresh.

python -m docs.generate
"""

import argparse
import sys
from pathlib import Path

from docs.samples import Sample, load_samples
from docs.type_page import MADE_BY, key_of, page_of, prose, table
from docs.words import Types, link
from imports_service.domain.registry import load_registry

PAGES = Path(__file__).resolve().parent / "types"


def pages() -> dict[str, str]:
    """The text of each page by file name. Raises `SystemExit` when types and samples do not match."""
    types, samples = load_registry().types, load_samples()
    if wrong := sorted(types.keys() ^ samples.keys()):
        raise SystemExit(f"docs/types/samples.toml and the registry do not match: {', '.join(wrong)}")
    texts = {
        f"{name}.md": page_of(resource_type, types, samples[name]) for name, resource_type in types.items()
    }
    return texts | {"README.md": _contents(types, samples)}


def _contents(types: Types, samples: dict[str, Sample]) -> str:
    rows = [
        (
            link(name, types),
            key_of(resource_type) or "none",
            link(resource_type.parent_type, types),
            samples[name].purpose,
        )
        for name, resource_type in types.items()
    ]
    return "\n\n".join(
        (
            "# Resource types",
            MADE_BY,
            prose(
                f"The {len(types)} types that can be imported, in the order in which to send them: a type stands after "
                "those that its rows refer to. What is the same for all of them stands in [rows](../rows.md). A "
                "running service tells the same through ListResourceTypes and `imports types`."
            ),
            table(("type", "unique key", "parent", "what"), rows),
            "In the tables, `{code}` is an object with that member, `?` marks one that may be missing, and `..` "
            "stands for more.\n\nThe samples of all pages belong together: in this order, they make one small shop.\n",
        )
    )


def stale_pages() -> list[str]:
    """Names of pages that are missing, left over or different from what the registry gives."""
    fresh = pages()
    committed = {path.name: path.read_text("utf-8") for path in PAGES.glob("*.md")}
    return sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    if parser.parse_args().check:
        if stale := stale_pages():
            print(f"stale pages in docs/types: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    for path in PAGES.glob("*.md"):
        path.unlink()
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
