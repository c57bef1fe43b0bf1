"""What holds for every preview: bounded, found again, nothing secret, nothing passed over."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.review.areas import Area, area_of
from infra.review.fields import HIDDEN, changed, redacted, sounds_secret
from infra.review.findings import ReviewedPreview, findings
from infra.review.preview import NotAPreviewError, Operation, Preview, Step, parse
from infra.review.text import LETTERS_MAX, marker, needs_attention, render
from tests.infra.review.cases import CASES, of
from tests.support.examples import share

BASIS = "Compared with what was deployed last."
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
INPUTS = st.dictionaries(WORDS, TREES, max_size=4)
STEPS = st.builds(
    Step,
    st.sampled_from(Operation),
    st.sampled_from(["Deployment", "Service", "Secret", "ConfigMap", "Role", "Job", "Thing"]),
    st.sampled_from(["bot", "bot-blue", "bot-green", "bot-intent", "bot-config", "other"]),
    INPUTS,
    INPUTS,
    st.lists(WORDS, max_size=2),
    st.lists(WORDS, max_size=2),
)
HUSH = "hush-hush-planted-value"


def _step(**changes: object) -> Step:
    return replace(Step(Operation.UPDATE, "Deployment", "bot-blue"), **changes)


@settings(max_examples=share(30))
@given(st.lists(STEPS, max_size=5), st.integers(2_000, LETTERS_MAX))
def test_no_preview_makes_a_text_that_is_too_long_or_none(steps: list[Step], limit: int) -> None:
    text = render("staging", Preview(steps), BASIS, max(limit, 16_000))
    assert text.startswith(marker("staging"))
    assert len(text) <= max(limit, 16_000)


@settings(max_examples=share(30))
@given(STEPS)
def test_no_changed_value_is_passed_over(step: Step) -> None:
    text = render("staging", Preview([step]), BASIS)
    if step.operation in (Operation.UPDATE, Operation.REPLACE):
        for field in changed(step):
            assert area_of(field) in Area
            assert "".join(field.path.splitlines()[:1]) in text


@settings(max_examples=share(30))
@given(INPUTS, INPUTS)
def test_what_changes_in_an_unknown_kind_always_asks_for_attention(
    before: dict[str, object], after: dict[str, object]
) -> None:
    step = Step(Operation.UPDATE, "Thing", "other", before, after)
    others = [field for field in changed(step) if area_of(field) is Area.OTHER]
    assert needs_attention(Preview([step])) >= bool(others)


def test_a_text_that_must_be_cut_says_how_much_is_missing_and_stays_whole_markdown() -> None:
    files = {f"file-{number}": "x" * 1000 for number in range(200)}
    step = Step(Operation.UPDATE, "ConfigMap", "other", {}, {"data": files})
    text = render("staging", Preview([step]), BASIS)
    assert len(text) <= LETTERS_MAX
    assert "more lines do not fit into a comment" in text
    assert text.endswith("```\n\n</details>\n")
    assert "… and 140 more, all in the diff below." in text


def test_a_long_refusal_is_cut_and_says_so() -> None:
    text = render("staging", Preview(errors=["x" * 100_000]), BASIS)
    assert len(text) <= LETTERS_MAX
    assert "more letters" in text


@pytest.mark.parametrize(
    "step",
    [
        Step(Operation.UPDATE, "Secret", "bot-secrets", {}, {"data": {"token": HUSH}}),
        Step(Operation.UPDATE, "Secret", "bot-secrets", {}, {"stringData": {"any": HUSH}}),
        _step(after={"env": [{"name": "VENUE_API_KEY", "value": HUSH}]}),
        _step(after={"env": [{"name": "DB", "value": f"postgresql://bot:{HUSH}@db.example/bot"}]}),
        _step(before={"spec": {"password": HUSH}}, after={}),
        Step(Operation.CREATE, "Secret", "other", {}, {"data": {"token": HUSH}}),
        Step(Operation.REPLACE, "Secret", "other", {"data": {"a": HUSH}}, {"data": {"a": "b"}}),
    ],
)
def test_what_is_secret_is_never_printed(step: Step) -> None:
    text = render("staging", Preview([step]), BASIS)
    assert HUSH not in text
    assert HIDDEN in text


def test_a_refusal_does_not_print_the_password_of_a_url() -> None:
    text = render("staging", Preview(errors=[f"cannot reach redis://u:{HUSH}@cache/0"]), BASIS)
    assert HUSH not in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SIGNALS_TOKEN", True),
        ("DB_PASSWORD", True),
        ("apiKey", True),
        ("BOT_SECRETS_DIR", False),
        ("SYMBOLS", False),
        ("MAX_POSITION_SIZE", False),
    ],
)
def test_a_name_that_sounds_secret_is_known(name: str, *, expected: bool) -> None:
    assert sounds_secret(name) is expected


@settings(max_examples=share(30))
@given(WORDS)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


def test_risky_things_come_first() -> None:
    case = next(case for case in CASES if case.name == "namespace-moved")
    results = findings(ReviewedPreview.of(of(case)))
    order = [finding.attention for finding in results]
    assert order == sorted(order, reverse=True)
    assert "is replaced" in results[0].text


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", "{}", '{"steps": [{}]}', '{"steps": [], "changeSummary": {"same": 2}}'],
)
def test_what_is_no_whole_preview_is_refused(text: str) -> None:
    with pytest.raises(NotAPreviewError):
        parse(text)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("create", Operation.CREATE),
        ("create-replacement", Operation.REPLACE),
        ("same", Operation.SAME),
        ("something-new", Operation.REPLACE),
    ],
)
def test_an_operation_that_is_not_known_counts_as_a_replacement(
    operation: str, expected: Operation
) -> None:
    state = {"custom": True, "inputs": {"metadata": {"name": "bot"}}}
    urn = "urn:pulumi:s::p::a:b:C$kubernetes:core/v1:Service::bot"
    preview = parse(json.dumps({"steps": [{"op": operation, "urn": urn, "newState": state}]}))
    assert [(step.operation, step.title) for step in preview.steps] == [(expected, "Service bot")]


def test_what_the_engine_only_looked_at_is_told_by_the_steps_that_follow() -> None:
    urn = "urn:pulumi:s::p::a:b:C$kubernetes:core/v1:Service::bot"
    inputs = {"custom": True, "inputs": {"spec": {"type": "NodePort"}}}
    meant = {"custom": True, "inputs": {"spec": {"type": "ClusterIP"}}}
    looked = {"op": "refresh", "urn": urn, "oldState": meant, "newState": inputs}
    repairs = {"op": "update", "urn": urn, "oldState": inputs, "newState": meant}
    preview = parse(json.dumps({"steps": [looked, repairs]}))
    text = render("staging", preview, BASIS)
    assert "`spec.type`: NodePort → ClusterIP" in text
    assert needs_attention(preview)
