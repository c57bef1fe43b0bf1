"""Comments and issues that are found again, the approval's rule, and what is promoted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.review.cli import Exit
from infra.review.text import marker
from pipeline import approval, cli, notes
from pipeline.forge import Item
from pipeline.notes import Drift
from pipeline.pinned import NotPinnedError, pinned_image
from tests.pipeline.source import commands, load
from tests.support.checkout import ROOT

TEXT = f"{marker('staging')}\n### staging: nothing changes\n"
MAKEFILE = ROOT / ".github" / "pipeline.mk"
DIGEST = "sha256:" + "1" * 64


@dataclass
class FakeForge:
    """A forge with one list of notes."""

    notes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    written: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def read(self, path: str) -> Item:
        raise AssertionError(path)

    def pages(self, path: str) -> Sequence[Item]:
        assert "per_page=100" in path
        return self.notes

    def write(self, method: str, path: str, fields: Item) -> Item:
        self.written.append((method, path))
        if method == "POST":
            number = len(self.notes) + 1
            self.notes.append({"id": number, "number": number, **fields})
        else:
            last = path.rpartition("/")[2]
            match = next(note for note in self.notes if str(note["id"]) == last)
            match.update(fields)
        return {}


def _comment(forge: FakeForge, **texts: str | None) -> str:
    return notes.comment(forge, 7, notes.joined(texts))


def test_a_pull_request_has_one_comment_however_often_it_is_previewed() -> None:
    forge = FakeForge()
    more = f"{TEXT}more"
    results = [_comment(forge, staging=text, production=TEXT) for text in (TEXT, more, more)]
    assert results == ["made", "updated", "left as it is"]
    assert [note["body"] for note in forge.notes] == [
        f"{notes.COMMENT_MARKER}\n{more}\n{TEXT}",
    ]


def test_a_stack_without_a_preview_is_named() -> None:
    text = notes.joined({"staging": TEXT, "production": None})
    assert TEXT in text
    assert "### production: no preview was made" in text


def test_people_keep_their_own_comments() -> None:
    forge = FakeForge([{"id": 1, "body": "what about staging?"}, {"id": 2, "body": None}])
    _comment(forge, staging=TEXT)
    assert len(forge.notes) == 3


def test_more_than_the_forge_takes_is_refused_in_words() -> None:
    with pytest.raises(notes.TooLongError, match="LIMIT"):
        notes.joined({"staging": "x" * 40_000, "production": "x" * 40_000})


def test_the_reviews_of_all_stacks_fit_into_one_comment() -> None:
    job = load().workflows["preview"]["jobs"]["render"]
    stacks = job["strategy"]["matrix"]["stack"]
    limit = re.search(r" LIMIT=(\d+)", commands(job))
    assert limit
    notes.joined(dict.fromkeys(stacks, "x" * int(limit[1])))
    known = re.search(r"^STACKS \?= (.*)$", MAKEFILE.read_text(), re.MULTILINE)
    assert known
    assert known[1].split() == stacks


def test_a_drift_is_one_issue_until_it_is_gone() -> None:
    forge = FakeForge()
    drifts = (Drift.UNKNOWN, Drift.DETECTED, Drift.NONE)
    results = [notes.issue(forge, "staging", drift, TEXT) for drift in drifts]
    assert results == ["opened", "updated", "closed"]
    assert len(forge.notes) == 1
    assert forge.notes[0]["state"] == "closed"
    assert forge.notes[0]["title"] == "staging: the cluster differs from git"


def test_stacks_have_issues_of_their_own() -> None:
    forge = FakeForge()
    for stack in ("staging", "production", "staging"):
        notes.issue(forge, stack, Drift.DETECTED, TEXT)
    assert len(forge.notes) == 2


def test_no_drift_and_no_issue_is_nothing_to_do() -> None:
    forge = FakeForge()
    assert notes.issue(forge, "staging", Drift.NONE, TEXT) == "nothing to close"
    assert forge.written == []


def test_the_findings_are_the_exit_codes_of_a_review() -> None:
    assert [*map(int, Drift)] == [Exit.QUIET, Exit.FAILED, Exit.ATTENTION]


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("3", "staging: the cluster differs from git"),
        ("1", "staging: nobody knows whether the cluster differs from git"),
        (None, "staging: nobody knows whether the cluster differs from git"),
    ],
)
def test_a_check_that_failed_is_worth_an_issue_too(
    code: str | None, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = FakeForge()
    monkeypatch.setattr(cli, "GitHub", lambda: forge)
    if code:
        (tmp_path / "staging.code").write_text(f"{code}\n")
        (tmp_path / "staging.md").write_text(TEXT)
    words = ["issue", "--stack", "staging", "--reports", str(tmp_path), "--run", "run 7"]
    assert cli.main(words) == 0
    assert forge.notes[0]["title"] == title
    assert (TEXT if code else "before it could compare: run 7") in forge.notes[0]["body"]


GOOD: dict[str, Any] = {
    "name": "production",
    "can_admins_bypass": False,
    "protection_rules": [
        {
            "type": "required_reviewers",
            "prevent_self_review": True,
            "reviewers": [{"type": "Team"}],
        }
    ],
    "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False},
}


def test_an_environment_that_asks_another_person_is_content() -> None:
    assert approval.problems(GOOD) == []


LACKING: list[tuple[Mapping[str, Any], str]] = [
    ({"protection_rules": []}, "no required reviewers"),
    ({"protection_rules": [{"type": "wait_timer"}]}, "no required reviewers"),
    (
        {"protection_rules": [{"type": "required_reviewers", "reviewers": []}]},
        "no required reviewers",
    ),
    (
        {"protection_rules": [{"type": "required_reviewers", "reviewers": [1]}]},
        "approve their own deploys",
    ),
    ({"deployment_branch_policy": None}, "from any branch"),
    ({"can_admins_bypass": True}, "administrators"),
]


@pytest.mark.parametrize(("change", "words"), LACKING)
def test_an_environment_that_does_not_is_named(change: Mapping[str, Any], words: str) -> None:
    assert any(words in problem for problem in approval.problems({**GOOD, **change}))


def _config(folder: Path, image: str) -> Path:
    file = folder / "Pulumi.staging.yaml"
    colors = f"  t:green:\n    image: {image}\n  t:blue:\n    image: build\n"
    file.write_text(f"config:\n  t:activeColor: green\n{colors}")
    return file


def test_what_is_promoted_is_what_the_active_color_runs(tmp_path: Path) -> None:
    image = f"registry.example/bot:1.5.0-rc.2@{DIGEST}"
    assert pinned_image(_config(tmp_path, image)) == image


@pytest.mark.parametrize("image", ["build", "r.example/bot:1", f"r.example/bot@sha256:{'0' * 64}"])
def test_what_is_not_one_image_for_ever_is_not_promoted(image: str, tmp_path: Path) -> None:
    with pytest.raises(NotPinnedError):
        pinned_image(_config(tmp_path, image))
