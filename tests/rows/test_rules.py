"""Each type by example: rows that it takes, and for every rule of the registry a row that breaks it."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.registry import load_registry
from tests.rows.registry_rules import Rule, rules_of
from tests.rows.shop import Shop, Verdict, array_of, difference, table, verdict_of

TYPES = load_registry().types


class Example(NamedTuple):
    """One entry of rules.toml."""

    why: str
    row: str
    breaks: tuple[str, ...]
    issues: tuple[str, ...]
    parent: str

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.issues)


# too long for a file that people read
MADE = {
    "sku_lists": [
        Example(
            "a pattern of 5,001 characters",
            json.dumps({"name": "Spring", "manual": False, "sku_code_regex": "x" * 5001}),
            ("sku_code_regex.max_length",),
            ("too_long sku_code_regex",),
            "",
        ),
        Example(
            "a pattern of 5,000 characters",
            json.dumps({"name": "Summer", "manual": False, "sku_code_regex": "ü" * 5000}),
            (),
            (),
            "",
        ),
    ]
}


def read_examples() -> dict[str, list[Example]]:
    return {
        name: [
            Example(
                entry["why"],
                entry["row"],
                tuple(entry.get("breaks", ())),
                tuple(entry.get("issues", ())),
                entry.get("parent", ""),
            )
            for entry in entries
        ]
        + MADE.get(name, [])
        for name, entries in table("rules.toml").items()
    }


EXAMPLES = read_examples()


def by_parent(examples: list[Example]) -> Iterator[tuple[str, list[Example]]]:
    for parent, group in groupby(sorted(examples, key=lambda e: e.parent), key=lambda e: e.parent):
        yield parent, list(group)


@pytest.mark.parametrize("name", TYPES)
async def test_rows_are_judged_by_the_rules_of_their_type(shop: Shop, name: str) -> None:
    differences: list[str] = []
    for parent, examples in by_parent(EXAMPLES[name]):
        spec = pb.ImportSpec(resource_type=name, parent_resource_id=parent)
        document = array_of([example.row for example in examples])
        results = await shop.results(await shop.imported(spec, document=document))
        for example, result in zip(examples, results, strict=True):
            differences += difference(example.why, example.verdict, result)

    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("name", TYPES)
async def test_rows_that_break_a_rule_write_nothing(shop: Shop, name: str) -> None:
    refused = [example.row for example in EXAMPLES[name] if not example.verdict.taken]
    before = await shop.resources()

    done = await shop.imported(pb.ImportSpec(resource_type=name), document=array_of(refused))

    assert done.errors_count == len(refused)
    assert await shop.resources() == before


@pytest.mark.parametrize("name", TYPES)
def test_every_rule_of_the_registry_has_an_example_that_breaks_it(name: str) -> None:
    rules: dict[str, Rule] = {rule.name: rule for rule in rules_of(TYPES[name])}
    broken = {rule for example in EXAMPLES[name] for rule in example.breaks}

    assert sorted(rules.keys() - broken) == [], "rules without an example"
    assert sorted(broken - rules.keys()) == [], "examples of rules that the registry does not state"
    for example in EXAMPLES[name]:
        for rule in example.breaks:
            assert f"{rules[rule].code} {rules[rule].attribute}" in example.issues, example.why


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_an_example_that_is_taken(name: str) -> None:
    assert any(example.verdict.taken for example in EXAMPLES[name])
