"""Property bags on the wire and back."""

from testbed.docker_provider.values import (
    UNKNOWN,
    contains_unknown,
    from_struct,
    secret,
    to_struct,
)


def test_a_bag_survives_the_wire() -> None:
    bag = {"text": "a", "flag": True, "number": 2, "list": ["a"], "bag": {"b": "c"}, "empty": ""}
    assert from_struct(to_struct(bag)) == bag


def test_nulls_do_not_count() -> None:
    assert from_struct(to_struct({"a": None, "b": {"c": None}})) == {"b": {}}


def test_a_secret_is_taken_out_of_its_envelope_wherever_it_is() -> None:
    bag = {"registry": {"password": secret("word")}, "list": [secret({"a": "b"})]}
    assert from_struct(to_struct(bag)) == {"registry": {"password": "word"}, "list": [{"a": "b"}]}


def test_an_unknown_is_found_wherever_it_is() -> None:
    assert contains_unknown({"a": [{"b": UNKNOWN}]})
    assert not contains_unknown({"a": [{"b": "known"}]})
