"""A team of one: a checkout, its bare origin, the workflows' own lines, and a place for messages.

The lines of a job run as the forge's runner would run them: in order, each with the variables that
its step names and no others; after a failure only those that say `always()`.
"""

import json
import os
import shutil
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import yaml

from bot.contract.color import Color
from infra import names
from tests.pipeline.source import load, steps
from tests.support.checkout import ROOT
from tests.support.kube import Kube
from tests.support.platform import PROJECT
from tests.support.process import Done, Shell
from tests.support.stack import Stack

SOURCE = load()
NOT_HERE = frozenset({"make kubeconfig"})
"""The platform has given us ours."""
WHO = {
    f"GIT_{role}_{what}": "ada@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}
APPROVED: Mapping[str, Any] = {
    "name": "production",
    "protection_rules": [
        {"type": "required_reviewers", "reviewers": [{}], "prevent_self_review": True}
    ],
    "deployment_branch_policy": {"custom_branch_policies": True},
    "can_admins_bypass": False,
}
"""What the forge tells of an environment that asks another person."""
LINE_SECONDS = 300.0


class Beside(Stack):
    """A stack that shares its folder with another one, so that each command names it."""

    def pulumi(self, *words: str, check: bool = True) -> Done:
        """Run a `pulumi` command."""
        command, *rest = words
        named = () if rest[:1] == ["init"] else ("--stack", self.name)
        return self.shell.run("pulumi", "--non-interactive", command, *named, *rest, check=check)


@dataclass
class Inbox:
    """What was posted, as Slack would have shown it."""

    url: str
    texts: list[str] = field(default_factory=list[str])

    def of(self, stack: str) -> list[str]:
        """Return the first line of each message about a stack, oldest first."""
        firsts = (text.partition("\n")[0].strip("*") for text in self.texts)
        return [first for first in firsts if f"{stack}:" in first]


@contextmanager
def inbox() -> Generator[Inbox]:
    """Listen for messages on a port of this machine."""

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.texts.append(str(json.loads(body)["text"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as its base has it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    box = Inbox(f"http://127.0.0.1:{server.server_port}/hook")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Team:
    """A checkout whose origin is a bare repository beside it."""

    folder: Path
    env: Mapping[str, str]
    """Of every command: what a runner has by itself."""
    given: Mapping[str, str]
    """Variables and secrets of the environments; a step gets those that it names."""

    @classmethod
    def form(cls, folder: Path, env: Mapping[str, str], given: Mapping[str, str]) -> "Team":
        """Take what is in git here, as it is now, into a history that begins with it."""
        checkout = folder / "checkout"
        listed = Shell(ROOT, os.environ).run("git", "ls-files", "-z").output
        for name in filter(None, listed.split("\0")):
            target = checkout / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # With its time: to make, the environment is newer than what it is made from.
            shutil.copy2(ROOT / name, target)
        (checkout / ".venv").symlink_to(ROOT / ".venv")
        _forge(folder / "bin")
        own = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{env['PATH']}",
            "PYTHONPATH": str(checkout),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }
        team = cls(checkout, {**env, **own}, given)
        team.git("init", "-q", "-b", "main")
        team.git("init", "-q", "--bare", str(folder / "origin"))
        team.git("remote", "add", "origin", str(folder / "origin"))
        with (checkout / ".gitignore").open("a") as ignored:
            ignored.write(".venv\n")
        team.commit("feat: begin")
        return team

    def git(self, *words: str) -> str:
        """Run git as a person of the team."""
        return Shell(self.folder, {**self.env, **WHO}).run("git", *words).output.strip()

    def commit(self, message: str) -> str:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *branches: str) -> None:
        """Push branches as they are."""
        self.git("push", "-q", "origin", *branches)

    def merge(self, source: str, target: str) -> None:
        """Merge one branch into another, as the forge does when a pull request is taken."""
        self.git("switch", "-q", target)
        self.git("merge", "-q", "--no-ff", "-m", f"chore: merge {source}", source)
        self.push(target)

    def on_origin(self, reference: str) -> str:
        """Return what the bare repository has under a name."""
        return self.git("ls-remote", "origin", reference).partition("\t")[0]

    def runs(self, workflow: str, job: str, **given: str) -> list[Done]:
        """Run a job's lines; return those that were run."""
        tree = SOURCE.workflows[workflow]["jobs"][job]
        known = {"TESTED": self.git("rev-parse", "HEAD"), **self.given, **given}
        done: list[Done] = []
        for step in steps(tree):
            line = str(step.get("run", ""))
            failed = any(each.code for each in done)
            if not line or line in NOT_HERE or (failed and step.get("if") != "always()"):
                continue
            named = cast("Mapping[str, str]", step.get("env") or {})
            env = {key: known[key] for key in named if key in known}
            shell = Shell(self.folder, {**self.env, **env})
            words = ("bash", "-euc", line)
            done.append(shell.run(*words, check=False, patience_seconds=LINE_SECONDS))
        return done


@dataclass
class Life:
    """Two stacks, their team, and what was said."""

    team: Team
    staging: Stack
    production: Stack
    messages: Inbox

    def active(self, stack: Stack) -> tuple[Color, str]:
        """Return the active color and its image, as the last `up` left them."""
        outputs = stack.outputs()
        color = Color(outputs["activeColor"])
        return color, str(outputs[f"{color}Image"])

    def agree(self, stack: Stack) -> bool:
        """Tell whether git, state and cluster say the same, and there is nothing to do."""
        color, image = self.active(stack)
        config: dict[str, Any] = yaml.safe_load(
            self.team.git("show", f"HEAD:Pulumi.{stack.name}.yaml")
        )["config"]
        seen = Kube.of(stack).snapshot()
        return (
            config[f"{PROJECT}:activeColor"] == color
            and config[f"{PROJECT}:{color}"]["image"] == image
            and seen.selector[names.COLOR_LABEL] == color
            and seen.intent["activeColor"] == color
            and not self.team.git("status", "--porcelain")
            and stack.pulumi("preview", "--expect-no-changes", check=False).code == 0
        )


def job_log(done: Sequence[Done]) -> str:
    """Return a job's log."""
    return "\n".join(f"$ {each.command}\n{each.text}(exit code {each.code})" for each in done)


def _forge(folder: Path) -> None:
    """Stand in for the forge's command: it knows one environment."""
    folder.mkdir(parents=True)
    gh = folder / "gh"
    gh.write_text(f"#!/bin/sh\ncat << 'END'\n{json.dumps(APPROVED)}\nEND\n")
    gh.chmod(0o755)
