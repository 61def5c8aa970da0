"""Every attribute of every type: a good value, one of the wrong type, one outside its enum or length."""

from collections.abc import Callable
from typing import Any

import pytest

from imports_service.domain.attributes import Attribute, AttributeType
from imports_service.domain.csv_template import csv_template
from imports_service.domain.rows import Code
from tests.domain.decoding import REGISTRY, SHAPES, decode_csv, decode_json, encoded, said_of, stored

GOOD: dict[AttributeType, Any] = {
    AttributeType.STRING: "a text",
    AttributeType.INTEGER: 12,
    AttributeType.FLOAT: 1.5,
    AttributeType.BOOLEAN: True,
    AttributeType.DATETIME: "2026-01-31T12:00:00Z",
    AttributeType.OBJECT: {"season": "summer"},
}
WRONG: dict[AttributeType, Any] = {
    AttributeType.STRING: 5,
    AttributeType.INTEGER: "five",
    AttributeType.FLOAT: "1.5",
    AttributeType.BOOLEAN: "true",
    AttributeType.DATETIME: 1_700_000_000,
    AttributeType.OBJECT: ["summer"],
}

MATCHING = {"^[A-Za-z]{2}$": "it", "^[0-9A-Za-z_-]{1,25}$": "summer-2026"}
"""A text for each pattern."""

TYPES = list(REGISTRY.types)


def cases(belongs: Callable[[Attribute], object] = lambda _: True) -> list[Any]:
    """The attributes of all types that belong to a test, by type and name."""
    return [
        pytest.param(resource_type.name, attribute, id=f"{resource_type.name}.{attribute.name}")
        for resource_type in REGISTRY.types.values()
        for attribute in resource_type.attributes
        if belongs(attribute)
    ]


REFERENCES = [
    pytest.param(resource_type.name, reference, id=f"{resource_type.name}.{reference.input_key}")
    for resource_type in REGISTRY.types.values()
    for reference in resource_type.references.values()
]


def good_value(attribute: Attribute) -> Any:
    if attribute.enum:
        return attribute.enum[0]
    if attribute.pattern:
        return MATCHING[attribute.pattern]
    if attribute.email:
        return "Ada@example.com"
    return "a" * attribute.min_length if attribute.min_length else GOOD[attribute.type]


@pytest.mark.parametrize(("name", "attribute"), cases())
def test_a_good_value_is_taken(name: str, attribute: Attribute) -> None:
    value = good_value(attribute)

    [row] = decode_json(name, {attribute.name: value})

    if attribute.write_only:
        assert said_of(row) == [(Code.WRITE_ONLY_IGNORED, attribute.name)]
    elif attribute.trigger:
        assert said_of(row) == [(Code.TRIGGER_IGNORED, attribute.name)]
    else:
        assert row.issues == ()
        assert stored(row) == {attribute.name: value}


@pytest.mark.parametrize(("name", "attribute"), cases())
def test_a_value_of_the_wrong_type_is_refused(name: str, attribute: Attribute) -> None:
    [row] = decode_json(name, {attribute.name: WRONG[attribute.type]})

    expected = Code.WRITE_ONLY_IGNORED if attribute.write_only else Code.WRONG_TYPE
    assert said_of(row) == [(expected, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.enum))
def test_a_value_outside_the_enum_is_refused(name: str, attribute: Attribute) -> None:
    [row] = decode_json(name, {attribute.name: "nothing of the kind"})

    assert said_of(row) == [(Code.NOT_IN_ENUM, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.max_length))
def test_a_text_may_be_as_long_as_said_and_no_longer(name: str, attribute: Attribute) -> None:
    letter = "a" if attribute.pattern else "ü"
    longest = letter * attribute.max_length  # type: ignore[operator]  # the table holds those that have one

    fitting, too_long = decode_json(name, {attribute.name: longest}, {attribute.name: longest + letter})

    assert fitting.issues == ()
    assert said_of(too_long) == [(Code.TOO_LONG, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.min_length))
def test_a_text_may_be_as_short_as_said_and_no_shorter(name: str, attribute: Attribute) -> None:
    shortest = "a" * attribute.min_length  # type: ignore[operator]  # the table holds those that have one

    fitting, too_short = decode_json(name, {attribute.name: shortest}, {attribute.name: shortest[1:]})

    assert fitting.issues == ()
    assert said_of(too_short) == [(Code.TOO_SHORT, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.whole_pattern))
@pytest.mark.parametrize("flaw", [" {}", "{}\n", "{}!{}", "{}@{}"])
def test_a_text_matches_its_pattern_as_a_whole(name: str, attribute: Attribute, flaw: str) -> None:
    value = flaw.replace("{}", good_value(attribute))

    [row] = decode_json(name, {attribute.name: value})

    assert said_of(row) in ([(Code.INVALID, attribute.name)], [(Code.TOO_LONG, attribute.name)])


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.minimum is not None))
def test_a_number_may_be_as_small_as_said_and_no_smaller(name: str, attribute: Attribute) -> None:
    least: int = attribute.minimum  # type: ignore[assignment]  # the table holds those that have one

    fitting, too_small = decode_json(name, {attribute.name: least}, {attribute.name: least - 1})

    assert stored(fitting) == {attribute.name: least}
    assert said_of(too_small) == [(Code.OUT_OF_RANGE, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.above is not None))
def test_a_number_must_be_above_its_bound(name: str, attribute: Attribute) -> None:
    bound: float = attribute.above  # type: ignore[assignment]  # the table holds those that have one

    fitting, at_bound, below = decode_json(
        name, {attribute.name: bound + 0.01}, {attribute.name: bound}, {attribute.name: bound - 1}
    )

    assert stored(fitting) == {attribute.name: bound + 0.01}
    assert said_of(at_bound) == said_of(below) == [(Code.OUT_OF_RANGE, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases())
def test_null_clears_what_is_not_required(name: str, attribute: Attribute) -> None:
    [row] = decode_json(name, {attribute.name: None})

    if attribute.required:
        assert said_of(row) == [(Code.REQUIRED, attribute.name)]
        assert "can't be blank" in row.issues[0].message
    elif attribute.switch:
        assert row.issues == ()
        assert stored(row) == {}
    elif not (attribute.trigger or attribute.write_only):
        assert stored(row) == {attribute.name: None}


@pytest.mark.parametrize(("name", "reference"), REFERENCES)
def test_a_reference_takes_an_id_and_nothing_else(name: str, reference: Any) -> None:
    key = reference.input_key

    good, number, spaced, longest, as_object = decode_json(
        name, {key: "an_Id-1"}, {key: 5}, {key: "an id"}, {key: "x" * 65}, {key: {"code": "x"}}
    )

    assert stored(good) == {key: "an_Id-1"}
    assert said_of(number) == said_of(as_object) == [(Code.WRONG_TYPE, key)]
    assert said_of(spaced) == said_of(longest) == [(Code.INVALID, key)]


@pytest.mark.parametrize(("name", "reference"), REFERENCES)
def test_an_object_in_the_place_of_a_reference_names_it_by_id(name: str, reference: Any) -> None:
    named, null, text, as_list, bad_id, no_id = decode_json(
        name,
        *({reference.name: value} for value in ({"id": "an_Id-1"}, None, "an_Id-1", [{"id": "x"}])),
        *({reference.name: {"id": value}} for value in ("an id", None)),
    )

    assert stored(named) == {reference.input_key: "an_Id-1"}
    if not reference.nullable:
        assert said_of(null) == [(Code.REQUIRED, reference.name)]
    else:
        assert stored(null) == {reference.input_key: None}
    assert said_of(text) == said_of(as_list) == [(Code.WRONG_TYPE, reference.name)]
    assert said_of(bad_id) == [(Code.INVALID, f"{reference.name}.id")]
    assert said_of(no_id) == [(Code.REQUIRED, f"{reference.name}.id")]


@pytest.mark.parametrize("name", TYPES)
def test_a_list_takes_a_list_and_nothing_else(name: str) -> None:
    wrong: list[Any] = [{"name": "x"}, "x", 5, True]
    for list_name in REGISTRY.types[name].lists:
        for row in decode_json(name, {list_name: []}, {list_name: None}):
            assert row.issues == ()
            assert stored(row) == {}
        for row in decode_json(name, *({list_name: value} for value in wrong)):
            assert said_of(row) == [(Code.WRONG_TYPE, list_name)]


@pytest.mark.parametrize("name", TYPES)
def test_triggers_are_never_stored(name: str) -> None:
    resource_type = REGISTRY.types[name]
    for trigger, kind in resource_type.triggers.items():
        is_run = trigger in {"_add_tags", "_remove_tags", *resource_type.switches}
        good, wrong = decode_json(
            name, {trigger: "summer" if is_run and kind == "string" else GOOD[kind]}, {trigger: WRONG[kind]}
        )

        assert said_of(good) == ([] if is_run else [(Code.TRIGGER_IGNORED, trigger)])
        assert stored(good) == {}
        assert said_of(wrong) == [(Code.WRONG_TYPE, trigger)]


@pytest.mark.parametrize("name", TYPES)
def test_the_sample_of_a_type_is_a_good_row_with_all_that_is_required(name: str) -> None:
    sample = dict(REGISTRY.types[name].sample_input)

    [row] = decode_json(name, sample)

    assert row.issues == ()
    assert stored(row) == sample
    assert set(SHAPES[name].required) <= sample.keys()


@pytest.mark.parametrize("name", TYPES)
def test_the_header_of_a_type_is_taken_as_a_csv_header(name: str) -> None:
    header = csv_template(REGISTRY.types[name], REGISTRY.types)

    [row] = decode_csv(name, f"{header}\n{',' * header.count(',')}\n")

    assert row.issues == ()
    assert stored(row) == {}


@pytest.mark.parametrize("name", TYPES)
def test_what_is_stored_reads_back_as_the_same_values(name: str) -> None:
    shape = SHAPES[name]
    given = {a.name: good_value(a) for a in shape.resource_type.stored_attributes}
    [row] = decode_json(name, given | dict.fromkeys(shape.reference_fields, "some-id"))

    assert shape.decode_stored(encoded(row.values)) == row.values
