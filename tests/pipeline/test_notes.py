"""Comments and issues that are found again, the approval's rule, and what is promoted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.review.text import marker
from pipeline import approval, notes
from pipeline.forge import Item
from pipeline.pinned import NotPinnedError, pinned_image

TEXT = f"{marker('staging')}\n### staging: nothing changes\n"
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
            found = next(note for note in self.notes if str(note["id"]) == last)
            found.update(fields)
        return {}


def test_a_stack_has_one_comment_however_often_it_is_previewed() -> None:
    forge = FakeForge()
    told = [notes.comment(forge, 7, text) for text in (TEXT, f"{TEXT}more", f"{TEXT}more")]
    assert told == ["made", "updated", "left as it is"]
    assert [note["body"] for note in forge.notes] == [f"{TEXT}more"]


def test_stacks_and_people_keep_their_own_comments() -> None:
    forge = FakeForge([{"id": 1, "body": "what about staging?"}, {"id": 2, "body": None}])
    notes.comment(forge, 7, TEXT)
    notes.comment(forge, 7, TEXT.replace("staging", "production"))
    assert len(forge.notes) == 4


def test_a_text_without_marker_is_not_posted() -> None:
    forge = FakeForge()
    with pytest.raises(notes.NoMarkerError):
        notes.comment(forge, 7, "### staging")
    assert forge.written == []


def test_a_drift_is_one_issue_until_it_is_gone() -> None:
    forge = FakeForge()
    told = [notes.issue(forge, "staging", TEXT, differs=differs) for differs in (True, True, False)]
    assert told == ["opened", "updated", "closed"]
    assert len(forge.notes) == 1
    assert forge.notes[0]["state"] == "closed"


def test_no_drift_and_no_issue_is_nothing_to_do() -> None:
    forge = FakeForge()
    assert notes.issue(forge, "staging", TEXT, differs=False) == "nothing to close"
    assert forge.written == []


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
