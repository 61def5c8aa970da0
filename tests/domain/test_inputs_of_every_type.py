"""Every attribute of every type: a good value, one of the wrong type, one outside its enum or length."""

from collections.abc import Callable
from typing import Any

import pytest

from imports_service.domain.attributes import Attribute, AttributeType
from imports_service.domain.csv_template import csv_template
from imports_service.domain.rows import Code
from tests.domain.decoding import REGISTRY, SHAPES, decode_csv, decode_json, said_of, stored

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
    return "a" * (attribute.min_length or 1) if attribute.min_length else GOOD[attribute.type]


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
        assert stored(name, row) == {attribute.name: value}


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
    longest = "ü" * attribute.max_length  # type: ignore[operator]  # the table holds those that have one

    fitting, too_long = decode_json(name, {attribute.name: longest}, {attribute.name: longest + "ü"})

    assert fitting.issues == ()
    assert said_of(too_long) == [(Code.TOO_LONG, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases(lambda attribute: attribute.min_length))
def test_a_text_may_be_as_short_as_said_and_no_shorter(name: str, attribute: Attribute) -> None:
    shortest = "a" * attribute.min_length  # type: ignore[operator]  # the table holds those that have one

    fitting, too_short = decode_json(name, {attribute.name: shortest}, {attribute.name: shortest[1:]})

    assert fitting.issues == ()
    assert said_of(too_short) == [(Code.TOO_SHORT, attribute.name)]


@pytest.mark.parametrize(("name", "attribute"), cases())
def test_null_clears_what_is_not_required(name: str, attribute: Attribute) -> None:
    [row] = decode_json(name, {attribute.name: None})

    if attribute.required:
        assert said_of(row) == [(Code.REQUIRED, attribute.name)]
        assert "can't be blank" in row.issues[0].message
    elif not (attribute.trigger or attribute.write_only):
        assert stored(name, row) == {attribute.name: None}


@pytest.mark.parametrize(("name", "reference"), REFERENCES)
def test_a_reference_takes_an_id_and_nothing_else(name: str, reference: Any) -> None:
    key = reference.input_key

    good, number, spaced, longest, nested = decode_json(
        name, {key: "an_Id-1"}, {key: 5}, {key: "an id"}, {key: "x" * 65}, {key: {"code": "x"}}
    )

    assert stored(name, good) == {key: "an_Id-1"}
    assert said_of(number) == [(Code.WRONG_TYPE, key)]
    assert said_of(spaced) == said_of(longest) == [(Code.INVALID, key)]
    assert said_of(nested) == [(Code.UNSUPPORTED, key)]


@pytest.mark.parametrize("name", TYPES)
def test_nested_values_are_refused_in_so_many_words(name: str) -> None:
    for relationship in REGISTRY.types[name].relationships:
        for value in ([{"name": "x"}], {"name": "x"}, [], None):
            [row] = decode_json(name, {relationship.name: value})

            assert said_of(row) == [(Code.UNSUPPORTED, relationship.name)]


@pytest.mark.parametrize("name", TYPES)
def test_triggers_are_never_stored(name: str) -> None:
    for trigger, kind in REGISTRY.types[name].triggers.items():
        good, wrong = decode_json(name, {trigger: GOOD[kind]}, {trigger: WRONG[kind]})

        if trigger in {"_add_tags", "_remove_tags"}:
            assert said_of(good) == [(Code.UNSUPPORTED, trigger)]
        else:
            assert said_of(good) == [(Code.TRIGGER_IGNORED, trigger)]
            assert stored(name, good) == {}
            assert said_of(wrong) == [(Code.WRONG_TYPE, trigger)]


@pytest.mark.parametrize("name", TYPES)
def test_the_sample_of_a_type_is_a_good_row_with_all_that_is_required(name: str) -> None:
    sample = dict(REGISTRY.types[name].sample_input)

    [row] = decode_json(name, sample)

    assert row.issues == ()
    assert stored(name, row) == sample
    assert set(SHAPES[name].required) <= sample.keys()


@pytest.mark.parametrize("name", TYPES)
def test_the_header_of_a_type_is_taken_as_a_csv_header(name: str) -> None:
    header = csv_template(REGISTRY.types[name], REGISTRY.types)

    [row] = decode_csv(name, f"{header}\n{',' * header.count(',')}\n")

    assert row.issues == ()
    assert stored(name, row) == {}


@pytest.mark.parametrize("name", TYPES)
def test_what_is_stored_reads_back_as_the_same_values(name: str) -> None:
    shape = SHAPES[name]
    given = {a.name: good_value(a) for a in shape.resource_type.stored_attributes}
    [row] = decode_json(name, given | dict.fromkeys(shape.reference_fields, "some-id"))

    assert shape.decode_stored(shape.encode(row.values)) == row.values
