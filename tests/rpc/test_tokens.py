"""Page and resume tokens: what goes in comes out, and nothing foreign does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.tokens import MAX_TOKEN_BYTES, decode_token, encode_token

FIELDS = st.lists(
    st.one_of(st.text(max_size=12), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=16)), max_size=5
)


@given(FIELDS)
def test_a_token_gives_back_its_fields(fields: list[str | int | bytes]) -> None:
    assert decode_token("watch", encode_token("watch", *fields)) == tuple(fields)


def test_a_token_of_another_kind_is_foreign() -> None:
    with pytest.raises(ValueError, match="no token of ours"):
        decode_token("page", encode_token("watch", "acme", 7))


@given(st.text(max_size=300))
def test_any_text_is_a_value_error_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="no token of ours"):
        decode_token("watch", text)


@given(st.data())
def test_a_token_with_one_character_changed_is_foreign(data: st.DataObject) -> None:
    token = encode_token("watch", "acme", 12345, b"\x00\x01")
    place = data.draw(st.integers(0, len(token) - 2))  # the last one may hold spare bits only
    letter = data.draw(st.sampled_from("ABCabc019-_").filter(lambda letter: letter != token[place]))

    with pytest.raises(ValueError, match="no token of ours"):
        decode_token("watch", token[:place] + letter + token[place + 1 :])


def test_a_token_that_would_be_too_long_is_never_made() -> None:
    with pytest.raises(ValueError, match="longer than"):
        encode_token("watch", "x" * MAX_TOKEN_BYTES)
