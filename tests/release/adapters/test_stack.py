"""A run of the engine is bounded, can be ended, and takes away only the locks of the dead."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bot.contract.color import Color
from release.adapters import pulumi_lock
from release.adapters.pulumi_command import Patience
from release.adapters.stack import PulumiStack
from release.drive.ports import PortError, UpEndedError, UpFailedError

FAKE = Path(__file__).with_name("fake_pulumi.sh")
QUICK = Patience(command=20, up=20, grace=20)
SECRET = "hush-hush"  # noqa: S105 - planted, to be looked for


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "pulumi").symlink_to(FAKE)
    (folder / "Pulumi.yaml").write_text("name: trading-bot\nruntime: python\n")
    return folder


def stack(project: Path, patience: Patience = QUICK, **env: str) -> PulumiStack:
    path = f"{project / 'bin'}:{os.environ['PATH']}"
    return PulumiStack("dev", project, "r-1", {"PATH": path, **env}, patience)


def environment(project: Path, command: str) -> dict[str, str]:
    lines = (project / f"environment-{command}").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def lock(pid: int, host: str | None = None, since: str = "2100-01-01T00:00:00Z") -> str:
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es)"
        " to end or delete the lock file with `pulumi cancel`.\n"
        f"  file:///x.json: created by night@{host or pulumi_lock.this_host()}"
        f" (pid {pid}) at {since}\n"
    )


def dead_pid() -> int:
    with subprocess.Popen(["true"]) as process:  # noqa: S607 - as the shell finds it
        process.wait()
    return process.pid


async def seen(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)


async def test_an_up_skips_the_preview_and_leaves_the_users_selection(project: Path) -> None:
    await stack(project).up(print)
    (asked,) = (project / "asked").read_text().splitlines()
    assert " up --yes --skip-preview " in f" {asked}"
    assert "--stack dev" in asked
    assert "select" not in asked


async def test_the_environment_is_the_given_one_and_says_whose_up_it_is(project: Path) -> None:
    diverting = {"PULUMI_STACK": "production", "PULUMI_OPTION_TARGET": "x"}
    await stack(project, QUICK, PULUMI_HOME="/home", **diverting).up(print)
    env = environment(project, "up")
    assert env["BOT_RELEASE"] == "r-1"
    assert not env["BOT_RELEASE_RETURNS"]
    assert env["PULUMI_HOME"] == "/home"
    assert "HOME" not in env  # the tests' own is not handed on
    assert not {"PULUMI_STACK", "PULUMI_OPTION_TARGET", "KUBECONFIG"} & set(env)


async def test_the_way_back_is_told_to_the_guard(project: Path) -> None:
    ours = stack(project)
    await ours.up(print, returns=True)
    assert environment(project, "up")["BOT_RELEASE_RETURNS"] == "1"
    await ours.up(print)
    assert not environment(project, "up")["BOT_RELEASE_RETURNS"]


async def test_outputs_are_read_without_decrypting_any(project: Path) -> None:
    exported = {"activeColor": "green", "canaryPercent": 10.0, "blueImage": "r@sha256:00"}
    (project / "outputs").write_text(json.dumps(exported))
    outputs = await stack(project).outputs()
    assert outputs is not None
    assert (outputs.active_color, outputs.canary_percent) == (Color.GREEN, 10)
    assert outputs.blue.image == "r@sha256:00"
    assert "--show-secrets" not in (project / "asked").read_text()


async def test_a_stack_that_was_never_deployed_has_no_outputs(project: Path) -> None:
    (project / "outputs").write_text("{}")
    assert await stack(project).outputs() is None


async def test_a_stack_that_is_not_there_is_named(project: Path) -> None:
    with pytest.raises(PortError, match="there is no stack dev"):
        await stack(project).outputs()


async def test_a_failed_up_says_why(project: Path) -> None:
    (project / "fails").write_text("green cannot take over, so nothing was moved\n")
    with pytest.raises(UpFailedError, match=r"`up` of dev failed: green cannot take over"):
        await stack(project).up(print)


async def test_without_the_cli_the_message_says_so(project: Path) -> None:
    (project / "bin" / "pulumi").unlink()
    bare = PulumiStack("dev", project, "r-1", {"PATH": str(project / "bin")}, QUICK)
    with pytest.raises(UpFailedError, match="pulumi"):
        await bare.up(print)


async def test_the_lock_of_a_dead_run_is_cleared_and_the_up_done(project: Path) -> None:
    (project / "locked").write_text(lock(dead_pid()))
    lines: list[str] = []
    await stack(project).up(lines.append)
    await asyncio.sleep(0)
    assert "clearing the lock of a dead run: night@" in lines[0]
    assert not (project / "locked").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lock(os.getpid()), f"night@.*pid {os.getpid()}.*since 2100"),
        (lock(1, host="another-machine"), "night@another-machine"),
        (lock(2**22 - 1) + lock(os.getpid()), f"pid {os.getpid()}"),
        (lock(2**22 - 1, since="yesterday"), "does not say who"),
        ("error: [409] Conflict: Another update is currently in progress.", "does not say who"),
    ],
    ids=["ours", "another machine's", "two", "an odd time", "nobody's"],
)
async def test_the_lock_of_anybody_who_may_live_stays(project: Path, text: str, words: str) -> None:
    (project / "locked").write_text(text)
    with pytest.raises(UpFailedError, match=f"another run holds the state of dev: .*{words}"):
        await stack(project).up(print)
    assert (project / "locked").exists()
    assert "cancel" not in (project / "asked").read_text()


def test_a_number_that_was_given_away_again_is_no_owner() -> None:
    (owner,) = pulumi_lock.owners(lock(os.getpid(), since="2001-01-01T00:00:00Z"))
    assert pulumi_lock.is_dead(owner, pulumi_lock.this_host(), pulumi_lock.started)


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """A shell's background jobs begin with SIGINT ignored, and hand that on to what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


async def test_a_running_up_is_interrupted_and_waited_for(project: Path) -> None:
    (project / "slow").touch()
    ours = stack(project)
    task = asyncio.create_task(ours.up(print))
    await seen((project / "running").exists)
    await ours.end_up()
    with pytest.raises(UpEndedError):
        await task
    assert (project / "signals").read_text() == "INT\n"


async def test_an_up_that_ignores_interrupts_is_killed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release.adapters.pulumi_command._AGAIN_SECONDS", 0.2)
    (project / "stubborn").touch()
    ours = stack(project, Patience(up=0.3, grace=0.1))
    with pytest.raises(UpFailedError, match=r"did not end within 0\.3 s"):
        await ours.up(print)


async def test_ending_when_nothing_runs_does_nothing(project: Path) -> None:
    await stack(project).end_up()


def begin(project: Path, name: str, process: str) -> subprocess.Popen[bytes]:
    """An `up` as another process of ours began it."""
    marks = {
        pulumi_lock.OUR_STACK: f"{project.resolve()}/{name}",
        pulumi_lock.OUR_PROCESS: process,
    }
    command = [str(project / "bin" / "pulumi"), "--non-interactive", "up", "--yes"]
    return subprocess.Popen(command, cwd=project, env={**os.environ, **marks})  # noqa: S603


async def test_the_up_of_a_dead_release_is_ended_and_of_a_living_one_not(project: Path) -> None:
    (project / "slow").touch()
    dead = f"{dead_pid()}/1.00"
    orphan, other_stack = begin(project, "dev", dead), begin(project, "prod", dead)
    living = begin(project, "dev", pulumi_lock.mark())
    try:
        names = [psutil.Process(each.pid).name for each in (orphan, other_stack, living)]
        await seen(lambda: all(name().startswith("pulumi") for name in names))
        # Each of them has set its trap by then.
        await seen(lambda: len(list(project.glob("running-*"))) == len(names))
        await stack(project).end_up()
        orphan.wait(20)
        assert (project / "signals").read_text() == "INT\n"
        assert other_stack.poll() is None
        assert living.poll() is None
    finally:
        for each in (orphan, other_stack, living):
            each.kill()
            each.wait()


async def test_an_up_that_a_dead_release_left_is_ended_by_the_next_one(project: Path) -> None:
    (project / "slow").touch()
    orphan = begin(project, "dev", f"{dead_pid()}/1.00")
    try:
        await seen(lambda: psutil.Process(orphan.pid).name().startswith("pulumi"))
        await seen((project / "running").exists)
        (project / "slow").unlink()
        (project / "locked").write_text(lock(orphan.pid))
        reaper = asyncio.create_task(asyncio.to_thread(orphan.wait, 20))
        lines: list[str] = []
        await stack(project).up(lines.append)
        await reaper
        assert (project / "signals").read_text() == "INT\n"
        assert f"(pid {orphan.pid})" in lines[0]
        assert not (project / "locked").exists()
    finally:
        orphan.kill()
        orphan.wait()


def test_the_adapter_shows_no_secret(project: Path) -> None:
    assert SECRET not in repr(stack(project, PULUMI_CONFIG_PASSPHRASE=SECRET).__dict__)
