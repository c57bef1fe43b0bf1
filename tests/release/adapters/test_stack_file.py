"""One key changes; every other byte of the file stays."""

import os
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from release.adapters.stack_file import StackFile, StackFileError
from release.adapters.yaml_nodes import EditError
from release.adapters.yaml_text import value_at, with_value
from release.decide.model import Scalar
from tests.support.checkout import ROOT

PROJECT = "trading-bot"
DIGEST = f"registry.example/trading-bot@sha256:{'ab' * 32}"
STACKS = ("local", "staging", "production")

ODD = """\
# head
encryptionsalt: v1:abc=:v1:def
config:
  # about the color
  trading-bot:activeColor:   blue   # chosen by hand
  trading-bot:canaryPercent: 0
  "trading-bot:blue": {image: 'r.example/bot:1',   replicas: 2}  # flow
  trading-bot:green:
      image: "r.example/bot:2"   # quoted

      replicas: 2
  # about nothing
  trading-bot:symbols:
  - BTC/USDT
  - ETH/USDT # second
  trading-bot:secrets:
    database-url:
      secure: v1:hush
  trading-bot:note: |
    two
    lines
# tail
"""


def stack(tmp_path: Path, text: str = ODD) -> StackFile:
    path = tmp_path / "Pulumi.staging.yaml"
    path.write_bytes(text.encode())
    return StackFile(path, PROJECT)


def path_of(key: str) -> tuple[str, ...]:
    first, *rest = key.split(".")
    return ("config", f"{PROJECT}:{first}", *rest)


def value(file: StackFile, key: str) -> Scalar | None:
    return value_at(file.path.read_bytes().decode(), path_of(key))


def changed(before: str, after: str) -> list[tuple[str, str]]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [(old, new) for old, new in pairs if old != new]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("activeColor", "blue"),
        ("canaryPercent", 0),
        ("blue.image", "r.example/bot:1"),
        ("blue.replicas", 2),
        ("green.image", "r.example/bot:2"),
        ("note", "two\nlines\n"),
        ("missing", None),
        ("green.missing", None),
        ("missing.key", None),
    ],
)
def test_a_key_is_read_with_its_own_type(tmp_path: Path, key: str, expected: object) -> None:
    actual = value(stack(tmp_path), key)
    assert actual == expected
    assert type(actual) is type(expected)


def test_all_plain_values_are_read_and_nothing_encrypted(tmp_path: Path) -> None:
    content = stack(tmp_path).read()
    assert content["trading-bot:blue"] == {"image": "r.example/bot:1", "replicas": 2}
    assert content["trading-bot:symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert content["trading-bot:secrets"] == {}
    assert "hush" not in repr(content)
    assert stack(tmp_path, "").read() == stack(tmp_path, "config:\n").read() == {}


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("activeColor", "green", ":   blue   # chosen", ":   green   # chosen"),
        ("canaryPercent", 10, "canaryPercent: 0", "canaryPercent: 10"),
        ("blue.image", DIGEST, "'r.example/bot:1'", f"'{DIGEST}'"),
        ("blue.replicas", 0, "replicas: 2}", "replicas: 0}"),
        ("green.image", DIGEST, '"r.example/bot:2"', f'"{DIGEST}"'),
    ],
)
def test_only_the_value_changes(
    tmp_path: Path, key: str, value: Scalar, old: str, new: str
) -> None:
    file = stack(tmp_path)
    assert file.write({key: value})
    assert file.path.read_text() == ODD.replace(old, new)
    assert value_at(file.path.read_text(), path_of(key)) == value


@pytest.mark.parametrize("name", STACKS)
def test_the_real_files_change_in_the_written_lines_only(tmp_path: Path, name: str) -> None:
    text = (ROOT / f"Pulumi.{name}.yaml").read_text()
    file = stack(tmp_path, text)
    file.write({"activeColor": "green", "green.image": DIGEST, "green.replicas": 4})
    lines = changed(text, file.path.read_text())
    assert [new.strip().split(": ")[0] for _, new in lines] in (
        ["trading-bot:activeColor", "image", "replicas"],
        ["image", "replicas"],
    )


def test_a_new_key_goes_behind_the_last_one(tmp_path: Path) -> None:
    text = "config:\n  trading-bot:activeColor: blue # why\n\n# tail\nother: 1\n"
    file = stack(tmp_path, text)
    file.write({"canaryPercent": 5, "blue.image": DIGEST})
    assert file.path.read_text() == (
        "config:\n  trading-bot:activeColor: blue # why\n  trading-bot:canaryPercent: 5\n"
        f"  trading-bot:blue:\n    image: {DIGEST}\n\n# tail\nother: 1\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet",
        "config:",
        "config:\n",
        "config: {}\n",
        "config: null\n",
        "encryptionsalt: v1:a\n",
        "config:\n  trading-bot:blue:\n",
        "config: {trading-bot:blue: {}}",
        "config:\r\n  trading-bot:blue:\r\n    replicas: 2\r\n",
    ],
)
def test_a_key_finds_its_place_in_any_file(tmp_path: Path, text: str) -> None:
    file = stack(tmp_path, text)
    assert file.write({"blue.image": DIGEST})
    assert value(file, "blue.image") == DIGEST
    after = file.path.read_bytes().decode()
    assert all(
        line in after for line in text.splitlines() if "{" not in line and "null" not in line
    )
    assert after.count("\r\n") in (0, after.count("\n"))


def test_what_already_is_so_leaves_the_file_alone(tmp_path: Path) -> None:
    file = stack(tmp_path)
    before = file.path.stat().st_ino
    assert not file.write({"activeColor": "blue", "blue.replicas": 2})
    assert file.path.stat().st_ino == before


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (ODD, "blue", r"blue = 'x': .*blue holds more than one value"),
        (ODD, "symbols", "holds more than one value"),
        (ODD, "activeColor.deep", "holds no keys; write it as a mapping"),
        (ODD, "secrets.database-url", "is encrypted"),
        ("config: [", "blue", r"is no YAML in line 1"),
        ("config: &a {}\nother: *a\n", "blue", "aliases"),
        ("config: {trading-bot:a: 1, trading-bot:a: 2}", "a", "is there twice"),
        ("config: \x01", "a", "characters that YAML does not allow"),
        ("config:\n  trading-bot:note: |\n    text", "a", "without changing something else"),
        ("[1]", "a", "the file holds no keys"),
    ],
)
def test_what_cannot_be_changed_is_refused_with_its_key_and_the_file_stays(
    tmp_path: Path, text: str, key: str, words: str
) -> None:
    file = stack(tmp_path, text)
    with pytest.raises(StackFileError, match=words) as caught:
        file.write({"canaryPercent": 1, key: "x"} if text == ODD else {key: "x"})
    assert "Pulumi.staging.yaml" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert file.path.read_text() == text
    assert os.listdir(tmp_path) == [file.path.name]  # noqa: PTH208 - names are what is compared


def test_a_missing_stack_says_how_to_make_it(tmp_path: Path) -> None:
    file = StackFile(tmp_path / "Pulumi.none.yaml", PROJECT)
    with pytest.raises(StackFileError, match="no such stack config; `pulumi stack init NAME`"):
        file.read()


def test_mode_and_link_of_the_file_stay(tmp_path: Path) -> None:
    file = stack(tmp_path)
    file.path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file.path)
    StackFile(link, PROJECT).write({"activeColor": "green"})
    assert link.is_symlink()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert value(file, "activeColor") == "green"


KEYS = ["activeColor", "canaryPercent", "blue.image", "green.image", "green.replicas", "blue.new"]
VALUES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
    st.integers(-(10**9), 10**9),
    st.booleans(),
    st.sampled_from(["yes", "on", "null", "~", "1e3", "0o7", "1:30", "2026-01-01", ".inf", "- a"]),
)


@settings(max_examples=25)
@given(st.sampled_from(KEYS), VALUES)
def test_a_value_is_read_back_as_written_and_no_other_key_moves(key: str, value: Scalar) -> None:
    path = path_of(key)
    try:
        after = with_value(ODD, path, value)
    except EditError:
        assert isinstance(value, str)
        assert not value.isprintable()
        return
    assert value_at(after, path) == value
    content = yaml.safe_load(ODD)["config"]
    other = {name: kept for name, kept in content.items() if name != path[1]}
    edited = yaml.safe_load(after)["config"]
    assert {name: kept for name, kept in edited.items() if name != path[1]} == other


@settings(max_examples=12)
@given(
    st.lists(
        st.tuples(st.sampled_from(KEYS[:5]), st.sampled_from(["a/b", "c-d", "e@f"])), max_size=4
    )
)
def test_lines_without_a_changed_key_stay_byte_identical(changes: list[tuple[str, str]]) -> None:
    after = ODD
    for key, value in changes:
        after = with_value(after, path_of(key), value)
    touched = {"activeColor", "canaryPercent", "image", "replicas"}
    for old, _ in changed(ODD, after):
        assert any(word in old for word in touched)
    assert len(after.splitlines()) == len(ODD.splitlines())
