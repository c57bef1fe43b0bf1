"""What the gates say of two images' schemas, and what they ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from bot.contract import labels
from bot.contract.compatibility import OURS, Range, Schemas
from bot.contract.provenance import Builds
from infra.outputs import StackOutputs
from release.decide.gates import SCHEMA, Facts, closed
from release.decide.model import Scalar, Target
from release.decide.phases import Phase
from release.decide.spec import Spec
from release.drive.ports import PortError
from release.drive.session import ReleaseSession
from release.rehearsal.ideal import LABELS
from tests.support.release_stage import BLUE_GREEN, NEW_IMAGE, OLD_IMAGE, TARGET, FaultyPorts, Stage

NEXT = Schemas(Range(OURS.ledger.oldest, OURS.ledger.newest + 1), OURS.config)
AFTER = Schemas(Range(OURS.ledger.newest + 1, OURS.ledger.newest + 1), OURS.config)


def facts(candidate: Schemas | str, live: Schemas | str) -> Facts:
    outputs = {
        "activeColor": "blue",
        "blueImage": OLD_IMAGE,
        "blueReplicas": 2,
    }
    return Facts(StackOutputs.from_mapping(outputs), [], "", "", None, "", (candidate, live))


@pytest.mark.parametrize(
    ("candidate", "live", "words"),
    [
        (OURS, OURS, ""),
        (NEXT, OURS, ""),
        (OURS, NEXT, ""),
        (AFTER, NEXT, ""),
        (AFTER, OURS, "ledger schema: the candidate's migration makes it"),
        (OURS, AFTER, "ledger schema: the live version made it"),
        ("r@sha256:1: label x is missing", OURS, "r@sha256:1: label x is missing"),
        (OURS, "r@sha256:2: label x is missing", "r@sha256:2: label x is missing"),
    ],
)
def test_a_candidate_that_does_not_get_on_with_the_live_image_may_not_begin(
    candidate: Schemas | str, live: Schemas | str, words: str
) -> None:
    reasons = closed(TARGET, facts(candidate, live))
    assert len(reasons) == bool(words)
    assert all(words in each and "--allow-schema" in each for each in reasons)


def test_what_nobody_asked_for_is_not_judged() -> None:
    assert closed(TARGET, replace(facts("x", "y"), schemas=None)) == ()


@dataclass
class Keys:
    """A stack config that is read alone."""

    values: Mapping[str, object]

    def read(self) -> Mapping[str, object]:
        return self.values

    def write(self, changes: Mapping[str, Scalar]) -> bool:
        raise AssertionError(changes)


class Registry(FaultyPorts):
    """May be away, or tell labels of an image's own. Its commits are a line, by their numbers."""

    of: Mapping[str, Mapping[str, str]] = {}
    away = False

    async def labels(self, reference: str) -> Mapping[str, str]:
        if self.away:
            raise PortError("the registry does not answer")
        return self.of.get(reference, LABELS)

    async def is_ancestor(self, older: str, newer: str) -> bool:
        return older <= newer


def stage(old: Mapping[str, str], *, away: bool = False, spec: Spec = BLUE_GREEN) -> Stage:
    in_memory = Registry()
    in_memory.of, in_memory.away = {OLD_IMAGE: old}, away
    return Stage(in_memory=in_memory, spec=spec)


SHUT_OUT = {**LABELS, labels.LEDGER_SCHEMA: "0..1"}
UNLABELLED = {name: text for name, text in LABELS.items() if "schema" not in name}
ANSWERED = replace(TARGET, overrides=(SCHEMA,), reason="stop, then start")
BLIND = BLUE_GREEN.model_copy(update={"verify_label": False})


@pytest.mark.parametrize("old", [SHUT_OUT, UNLABELLED])
@pytest.mark.parametrize(
    ("target", "spec", "ends"),
    [
        (TARGET, BLUE_GREEN, Phase.REFUSED),
        (replace(TARGET, image="build"), BLUE_GREEN, Phase.REFUSED),
        (ANSWERED, BLUE_GREEN, Phase.WARM_STANDBY),
        (TARGET, BLIND, Phase.WARM_STANDBY),
    ],
)
async def test_a_release_begins_only_beside_a_version_that_gets_on_with_it(
    old: Mapping[str, str], target: Target, spec: Spec, ends: Phase
) -> None:
    played = stage(old, spec=spec)
    await played.begin(target)
    assert (await played.run()).phase is ends
    assert (played.trader == ("blue", 0)) is (ends is Phase.REFUSED)


@pytest.mark.parametrize(
    ("environment", "keys", "builds"),
    [
        ("local", {}, Builds.ANY),
        ("staging", {}, Builds.CLEAN),
        ("production", {}, Builds.TAGGED),
        ("", {}, Builds.TAGGED),
        ("production", {"release:builds": "clean"}, Builds.CLEAN),
    ],
)
def test_which_builds_a_stack_takes_is_its_environments_word_or_its_own(
    environment: str, keys: dict[str, object], builds: Builds
) -> None:
    played = Stage()
    ports = replace(played.ports(), config=Keys({"trading-bot:deployEnv": environment, **keys}))
    session = ReleaseSession("test", False, ports, played.log, "r1", "p1", "ada")  # noqa: FBT003 -- not local
    assert session.spec().builds is builds


async def test_a_registry_that_is_away_opens_no_gate() -> None:
    played = stage(LABELS, away=True)
    await played.begin()
    state = await played.run()
    assert state.phase is Phase.REFUSED
    assert played.consistent


@pytest.mark.parametrize(
    ("old", "new", "spec", "refused"),
    [
        ("2" * 40, "3" * 40, BLUE_GREEN, False),
        ("3" * 40, "2" * 40, BLUE_GREEN, True),
        ("3" * 40, "2" * 40, BLIND, False),
        ("3" * 40, "", BLUE_GREEN, True),
        ("", "2" * 40, BLUE_GREEN, False),
    ],
)
async def test_an_older_image_is_refused_whatever_commit_the_clone_is_at(
    *, old: str, new: str, spec: Spec, refused: bool
) -> None:
    played = stage({**LABELS, labels.REVISION: old}, spec=spec)
    played.spec = spec.model_copy(update={"builds": Builds.CLEAN})
    assert isinstance(played.in_memory, Registry)
    played.in_memory.of = {**played.in_memory.of, NEW_IMAGE: {**LABELS, labels.REVISION: new}}
    await played.begin(replace(TARGET, revision="9" * 40))
    assert ((await played.run()).phase is Phase.REFUSED) is refused


def test_an_older_candidate_and_a_frozen_time_are_refused_until_a_person_answers_for_them() -> None:
    shut = replace(
        facts(OURS, OURS),
        deployed_revision="3" * 40,
        revision="2" * 40,
        descends=False,
        frozen="no releases Fri 16:00 - Mon 06:00; until Mon 06:00 UTC",
    )
    reasons = closed(TARGET, shut)
    assert [word for each in reasons for word in each.split() if word.startswith("--")] == [
        "--allow-freeze",
        "--allow-older",
    ]
    assert closed(replace(TARGET, overrides=("older",)), shut) == reasons[:1]
    assert closed(replace(TARGET, overrides=("freeze",)), shut) == reasons[1:]
    assert closed(replace(TARGET, overrides=("freeze", "older")), shut) == ()
    assert closed(TARGET, replace(shut, descends=True, frozen="")) == ()
