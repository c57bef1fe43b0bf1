import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.contract.color import Color
from release.cli.commands import WARM_LOOK_SECONDS
from release.cli.exit_codes import Exit
from release.cli.main import parser, run
from release.decide.model import Json, Quarantined, StoredRecord, Verdict
from release.drive.journal import Log
from release.drive.session import ReleaseSession
from release.rehearsal.ideal import BUILT, StillClock
from tests.support.checkout import ROOT
from tests.support.release_stage import CONFIG, NEW_IMAGE, OLD_IMAGE, Killed, Stage, crashed

MANUAL = ROOT / "docs" / "release" / "README.md"
DEPLOY = f"deploy --image {NEW_IMAGE}"


class Terminal:
    """A person at a terminal; each command is a process of its own."""

    def __init__(self, stage: Stage | None = None) -> None:
        self.stage = stage or Stage()
        self.lines: list[str] = []
        self.processes = 0
        self.dead = ""
        """A process of this machine that is gone."""

    async def type(self, words: str) -> Exit:
        self.lines.clear()
        command, *rest = words.split(" ")
        options = parser().parse_args([command, "--stack", "test", *rest])
        return await run(options, self.session, self.lines.append)

    @asynccontextmanager
    async def session(self, stack: str, begins: bool) -> AsyncGenerator[ReleaseSession]:  # noqa: FBT001 -- as the command line calls it
        self.processes += 1
        holder = f"p{self.processes}"
        stage = self.stage
        stage.log = Log(stage.journal, holder)
        release = f"r{self.processes}" if begins or not stage.journal.records else "r1"
        yield ReleaseSession(
            stack=stack,
            local=True,
            ports=stage.ports(),
            log=stage.log,
            release=release,
            holder=holder,
            by="ada",
            is_dead=self.dead.__eq__,
        )

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Disturbed(StillClock):
    """While somebody sleeps for the first time, something happens."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def sleep(self, seconds: float) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if seconds == WARM_LOOK_SECONDS and happens is not None:
            await happens()
        elif happens is not None:
            self.meanwhile = happens
        await super().sleep(seconds)


def already_deployed(image: str = NEW_IMAGE) -> Stage:
    """Blue trades with an image that no release brought there."""
    stage = Stage()
    for config in (stage.stack.file, stage.stack.deployed):
        config["blue.image"] = image
    return stage


async def test_a_deploy_says_what_it_does_and_ends_when_the_old_color_is_cold() -> None:
    terminal = Terminal()
    assert await terminal.type(DEPLOY) is Exit.DONE
    assert "cutover: tag, label, digest, /version and smoke checks are right" in terminal.text
    assert "done: blue is scaled down" in terminal.text
    assert terminal.stage.stack.replicas(Color.BLUE) == 0


async def test_a_detached_deploy_leaves_the_old_color_warm_until_someone_resumes() -> None:
    terminal = Terminal()
    assert await terminal.type(f"{DEPLOY} --detach") is Exit.DONE
    assert "warm-standby: green stays" in terminal.text
    assert await terminal.type("resume") is Exit.REFUSED
    await terminal.stage.clock.sleep(terminal.stage.spec.warm_seconds)
    assert await terminal.type("resume") is Exit.DONE
    assert terminal.stage.stack.replicas(Color.BLUE) == 0


async def test_a_bad_version_ends_with_a_code_of_its_own() -> None:
    terminal = Terminal()
    terminal.stage.cluster.spoil = crashed
    assert await terminal.type(DEPLOY) is Exit.ROLLED_BACK
    assert "rolled-back" in terminal.text
    assert "CrashLoopBackOff" in terminal.text


async def test_the_same_digest_is_refused_after_it_was_rolled_back_until_it_is_cleared() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    assert await terminal.type("rollback --reason slow") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)
    assert await terminal.type(DEPLOY) is Exit.REFUSED
    assert "was rolled back" in terminal.text
    digest = NEW_IMAGE.partition("@")[2]
    assert await terminal.type(f"quarantine clear {digest}") is Exit.USAGE
    assert await terminal.type(f"quarantine clear {digest} --reason fixed") is Exit.DONE
    assert await terminal.type(f"{DEPLOY} --detach") is Exit.DONE


async def test_a_rollback_without_any_release_goes_to_the_other_color() -> None:
    terminal = Terminal(already_deployed())
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("green", 0)
    assert [each.digest for each in terminal.stage.in_memory.banned] == [
        NEW_IMAGE.partition("@")[2]
    ]
    assert await terminal.type("rollback") is Exit.REFUSED


async def test_a_rollback_asks_nothing_of_the_keys_of_a_release() -> None:
    terminal = Terminal(already_deployed())
    terminal.stage.stack.file["release:strategy"] = "rainbow"
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("green", 0)


async def test_a_rollback_from_an_image_to_itself_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    assert await terminal.type("rollback") is Exit.USAGE
    assert "blue and green have the same image" in capsys.readouterr().err
    assert not terminal.stage.in_memory.banned


async def test_a_build_that_is_what_the_old_color_runs_is_not_banned() -> None:
    terminal = Terminal(already_deployed(BUILT))
    assert await terminal.type("deploy --image build --detach") is Exit.DONE
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)
    assert not terminal.stage.in_memory.banned


async def test_a_rollback_never_goes_to_an_image_in_quarantine() -> None:
    terminal = Terminal(already_deployed())
    digest = OLD_IMAGE.partition("@")[2]
    clock = terminal.stage.clock
    await terminal.stage.in_memory.add(Quarantined(digest, clock.now(), "bob", "bad"))
    assert await terminal.type("rollback") is Exit.USAGE
    assert terminal.stage.trader == ("blue", 0)


async def test_a_rollback_of_a_released_version_works_while_the_store_is_away() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    terminal.stage.journal.away = lambda: True
    assert await terminal.type("rollback --reason slow") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)
    assert terminal.stage.log.unrecorded


async def test_a_status_says_when_nobody_drives_and_what_to_type() -> None:
    terminal = Terminal()
    await terminal.stage.begin()
    assert await terminal.type("status") is Exit.DONE
    assert "driven by nobody: it stands still until you type" in terminal.text
    assert "`release resume --stack test`" in terminal.text
    await terminal.stage.journal.lock("bob@ci:1", terminal.stage.clock.now(), 60)
    await terminal.type("status")
    assert "driven by bob@ci:1 since" in terminal.text
    terminal.dead = "bob@ci:1"
    await terminal.type("status")
    assert "driven by nobody" in terminal.text
    terminal.dead = ""
    await terminal.stage.clock.sleep(61)
    await terminal.type("status")
    assert "driven by nobody" in terminal.text


async def test_a_second_deploy_is_told_who_holds_the_lock_and_since_when() -> None:
    terminal = Terminal()
    await terminal.stage.journal.lock("bob@ci:1", terminal.stage.clock.now(), 60)
    assert await terminal.type(DEPLOY) is Exit.LOCKED
    assert not terminal.stage.journal.records


@pytest.mark.parametrize("words", ["rollback", "resume"])
async def test_the_lock_of_a_process_that_is_surely_gone_is_taken_at_once(words: str) -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    clock = terminal.stage.clock
    await clock.sleep(terminal.stage.spec.warm_seconds)
    await terminal.stage.journal.lock("bob@ci:1", clock.now(), 60)
    terminal.dead = "bob@ci:1"
    asked = clock.now()
    assert await terminal.type(words) is Exit.DONE
    assert (clock.now() - asked).total_seconds() < 60


async def test_a_command_to_a_dead_process_takes_over_when_its_lock_is_stale() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    clock = terminal.stage.clock
    await terminal.stage.journal.lock("bob@ci:1", clock.now(), 60)
    assert await terminal.type("rollback") is Exit.LOCKED  # 15 s without an answer
    await clock.sleep(60)
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)


async def test_a_plan_that_would_be_refused_says_all_that_is_in_the_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    digest = NEW_IMAGE.partition("@")[2]
    await terminal.stage.in_memory.add(
        Quarantined(digest, terminal.stage.clock.now(), "bob", "bad")
    )
    assert await terminal.type(f"plan --image {NEW_IMAGE}") is Exit.REFUSED
    assert "by bob: bad" in capsys.readouterr().err
    assert await terminal.type(f"plan --image {OLD_IMAGE}") is Exit.REFUSED
    assert "runs" in capsys.readouterr().err
    assert not terminal.stage.journal.records


async def test_a_deploy_that_is_refused_leaves_the_warm_window_of_the_former_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    known = len(terminal.stage.journal.records)
    assert await terminal.type(DEPLOY) is Exit.REFUSED
    assert "green is active and runs" in capsys.readouterr().err
    assert len(terminal.stage.journal.records) == known
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)


async def test_a_deploy_whose_version_others_roll_back_in_the_warm_window_says_so() -> None:
    clock = Disturbed()
    terminal = Terminal(Stage(clock=clock))

    async def roll_back() -> None:
        assert await Terminal(terminal.stage).type("rollback") is Exit.DONE

    clock.meanwhile = roll_back
    assert await terminal.type(DEPLOY) is Exit.ROLLED_BACK
    assert terminal.stage.trader == ("blue", 0)


async def test_a_promotion_needs_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    await terminal.stage.begin()
    data: dict[str, Json] = {"phase": "bake", "trigger": "ready", "reason": ""}
    now = terminal.stage.clock.now()
    terminal.stage.journal.records.append(StoredRecord(2, "r1", now, "entered", data))
    assert await terminal.type("promote") is Exit.USAGE
    assert "promote needs --reason" in capsys.readouterr().err
    assert len(terminal.stage.journal.records) == 2


async def test_without_the_store_a_rollback_learns_from_the_mark_where_a_release_came_from() -> (
    None
):
    terminal = Terminal()
    await terminal.stage.begin()
    terminal.stage.journal.kill_after = 9  # the new color is placed, nothing is moved
    with pytest.raises(Killed):
        await terminal.stage.run()
    assert terminal.stage.stack.image(Color.GREEN) == NEW_IMAGE
    terminal.stage.journal.away = lambda: True
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)
    assert terminal.stage.stack.replicas(Color.GREEN) == 0
    assert [each.digest for each in terminal.stage.in_memory.banned] == [
        NEW_IMAGE.partition("@")[2]
    ]
    assert terminal.stage.in_memory.mark == ""


async def test_under_a_canary_that_nobody_wrote_down_a_rollback_goes_to_the_active_color() -> None:
    stage = Stage()
    for config in (stage.stack.file, stage.stack.deployed):
        config |= {"green.image": NEW_IMAGE, "canaryPercent": 10}
    terminal = Terminal(stage)
    assert await terminal.type("rollback") is Exit.DONE
    assert stage.trader == ("blue", 0)
    assert stage.stack.replicas(Color.GREEN) == 0


async def test_a_rollback_from_a_clone_with_an_older_config_ends_the_same() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    mine = dict(terminal.stage.stack.file)
    terminal.stage.stack.file = dict(CONFIG) | {"green.image": "bot@sha256:" + "e" * 64}
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)
    assert terminal.stage.consistent
    assert terminal.stage.stack.file == mine | {"activeColor": "blue", "green.replicas": 0}


async def test_a_store_that_comes_back_in_the_middle_of_a_rollback_does_not_end_it() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    begun = terminal.stage.clock.now()
    terminal.stage.journal.away = lambda: (terminal.stage.clock.now() - begun).total_seconds() < 20
    terminal.stage.cluster.spoil = lambda pod: (
        replace(pod, ready=(terminal.stage.clock.now() - begun).total_seconds() > 30)
        if pod.color is Color.BLUE
        else pod
    )
    assert await terminal.type("rollback") is Exit.DONE
    assert terminal.stage.trader == ("blue", 0)
    assert "rolled-back" in [record.data.get("phase") for record in terminal.stage.journal.records]
    assert terminal.stage.journal.lock_row is None


async def test_unlock_names_the_holder_and_is_journalled() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    await terminal.stage.journal.lock("bob@ci:1", terminal.stage.clock.now(), 60)
    assert await terminal.type("unlock --reason dead") is Exit.DONE
    assert terminal.lines == ["it was held by bob@ci:1"]
    assert await terminal.type("logs") is Exit.DONE
    assert "unlocked (ada: dead); it was held by bob@ci:1" in terminal.text


async def test_a_plan_shows_every_step_and_changes_nothing() -> None:
    terminal = Terminal()
    before = dict(terminal.stage.stack.file)
    assert await terminal.type(f"plan --image {NEW_IMAGE}") is Exit.DONE
    assert terminal.lines == [
        f"green gets {NEW_IMAGE}; blue runs {OLD_IMAGE}",
        "rollout: all gates are open",
        "  … mark the cluster: a release is under way",
        f"  … give green the image {NEW_IMAGE}",
        f"verification: green runs {NEW_IMAGE}",
        "cutover: tag, label, digest, /version and smoke checks are right",
        "  … move everything to green",
        "cutover-verification: green is the active color",
        "bake: green answers new requests and trades",
        "finalization: no worse than the old version",
        "  … take the mark of a release off the cluster",
        "warm-standby: green stays",
        "scale-down: stood by for 3600 s",
        "  … scale blue down",
        "  … take the mark of a release off the cluster",
        "done: blue is scaled down",
    ]
    assert terminal.stage.stack.file == before
    assert not terminal.stage.stack.ups


async def test_status_history_and_logs_are_json_on_request() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    await terminal.type("status --json")
    status = json.loads(terminal.text)
    assert (status["phase"], status["new"], status["rollingBack"]) == (
        "warm-standby",
        "green",
        False,
    )
    await terminal.type("history --json")
    assert [each["release"] for each in json.loads(terminal.text)] == ["r1"]
    await terminal.type("logs --json")
    assert json.loads(terminal.lines[0])["kind"] == "began"
    await terminal.type("status")
    assert terminal.lines[0] == "warm-standby: green stays"


async def test_the_history_has_a_line_for_each_release_however_long_its_reason_is() -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    await terminal.type("rollback --reason=slow\u2028and-more")
    await terminal.type("history")
    (line,) = terminal.lines
    assert line.endswith("(rollback by ada: slow …)")


@pytest.mark.parametrize("words", ["promote", "abort"])
async def test_what_does_not_fit_the_phase_is_refused_in_words(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    await terminal.type(f"{DEPLOY} --detach")
    assert await terminal.type(words) is Exit.REFUSED
    assert "this release is in phase warm-standby: it" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["status", "promote", "abort", "resume", "logs"])
async def test_a_stack_without_releases_says_so(words: str) -> None:
    assert await Terminal().type(words) is Exit.USAGE


async def test_an_image_by_tag_and_an_override_without_a_reason_are_refused() -> None:
    assert await Terminal().type("deploy --image bot:1.2") is Exit.USAGE
    assert await Terminal().type(f"{DEPLOY} --allow-older") is Exit.USAGE


async def test_a_spec_that_is_wrong_is_refused_before_anything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    terminal.stage.stack.file["release:strategy"] = "rainbow"
    assert await terminal.type(DEPLOY) is Exit.USAGE
    assert "release:strategy: 'rainbow'" in capsys.readouterr().err


async def test_a_version_that_nobody_can_judge_is_promoted_by_a_person() -> None:
    terminal = Terminal()
    journal = terminal.stage.journal

    def judge(_: bool) -> Verdict:  # noqa: FBT001 -- as the stage asks
        payload: dict[str, Json] = {"command": "promote", "by": "bob", "reason": "quiet market"}
        now = terminal.stage.clock.now()
        journal.records.append(
            StoredRecord(len(journal.records) + 1, "r1", now, "commanded", payload)
        )
        return Verdict.INCONCLUSIVE

    terminal.stage.verdict = judge
    assert await terminal.type(f"{DEPLOY} --detach") is Exit.DONE
    assert "finalization: promote by bob: quiet market" in terminal.text


def test_the_manual_has_every_command_and_exit_code() -> None:
    manual = MANUAL.read_text()
    for code in Exit:
        assert f"| {code.value} |" in manual
    for command in ("plan", "deploy", "promote", "abort", "rollback", "resume", "status"):
        assert f"`release {command}" in manual
    for command in ("history", "logs", "quarantine", "unlock"):
        assert f"`release {command}" in manual
