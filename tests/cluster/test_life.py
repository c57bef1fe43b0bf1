"""A change on its way from a branch to production, by the lines of the workflows; and a bad one.

Both stacks are on one cluster and trade on a simulated exchange, so neither is called `production`
by its own `deployEnv`: that one takes an exchange of the internet only. Everything else of
production is there: nothing is built for it, and only builds of a tag are taken.
"""

import json
import re
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from bot.contract.color import Color
from bot.contract.secrets import DATABASE_URL, SIGNALS_TOKEN, VENUE_API_KEY, VENUE_API_SECRET
from release.cli.exit_codes import Exit
from testbed import net
from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET
from tests.support.bot import SYMBOLS, TOKEN
from tests.support.database import empty_database
from tests.support.deployed import deployed
from tests.support.kube import Kube
from tests.support.platform import PROJECT, Platform
from tests.support.process import Done, Shell
from tests.support.senders import Senders
from tests.support.stack import BUILD, Config, Stack
from tests.support.team import SOURCE, Beside, Life, Team, inbox, job_log
from tests.support.venue import venue_process

pytestmark = pytest.mark.cluster
PER_SECOND = 10.0
RELEASE = {"bakeSeconds": 5, "warmSeconds": 1, "lookSeconds": 1, "applyAttempts": 1}
SERVED = "    return Measured(Signed(inner, identity, closing), metrics)\n"
FAILING = """

class Failing:
    def __init__(self, app: ASGIApp) -> None:
        self._app, self._signals = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["path"] == http.SIGNALS
        self._signals += asked
        failed = asked and self._signals > 20
        app = PlainTextResponse("out of order", 500) if failed else self._app
        await app(scope, receive, send)
"""
"""What somebody adds to bot/serving/http.py: the version answers well until it has work to do."""


@pytest.fixture(scope="module")
def life(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Generator[Life]:
    folder = tmp_path_factory.mktemp("life")
    (folder / "state").mkdir()
    with ExitStack() as held:
        messages = held.enter_context(inbox())
        venue = held.enter_context(venue_process(net.NODE_ADDRESS))
        journal, *ledgers = (held.enter_context(empty_database()) for _ in range(3))
        own = {"PULUMI_CONFIG_PASSPHRASE": "of tests", "PULUMI_SKIP_UPDATE_CHECK": "true"}
        given = {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "RELEASE_JOURNAL_URL": journal,
            "SLACK_WEBHOOK_URL": messages.url,
        }
        team = Team.form(folder, {**platform.env, **own, "NO_COLOR": "1"}, given)
        shell = Shell(team.folder, {**team.env, "PULUMI_BACKEND_URL": given["PULUMI_BACKEND_URL"]})
        stacks = [Beside(name, team.folder, platform, shell) for name in ("staging", "production")]
        image = BUILD
        for stack, ledger in zip(stacks, ledgers, strict=True):
            stack.pulumi("stack", "init", stack.name)
            secrets = {
                DATABASE_URL: ledger,
                SIGNALS_TOKEN: TOKEN,
                VENUE_API_KEY: DEFAULT_KEY,
                VENUE_API_SECRET: DEFAULT_SECRET,
            }
            held.enter_context(deployed(stack, _config(platform, venue, image), secrets))
            image = stack.image(Color.BLUE)
            _release_keys(stack, image, builds="clean" if stack.name == "staging" else "tagged")
        team.commit("build: what was deployed first")
        team.git("branch", "develop")
        team.push("main", "develop")
        yield Life(team, stacks[0], stacks[1], messages)


def _config(platform: Platform, venue: str, image: str) -> Config:
    return {
        "deployEnv": "staging",
        "context": platform.context,
        "imageRepository": f"{platform.repository}-life",
        "apiEndpoint": venue,
        "symbols": list(SYMBOLS),
        "activeColor": "blue",
        "blue": {"image": image, "replicas": 1},
        "green": {"image": "", "replicas": 0},
        "resources": {"cpuRequest": "20m"},
        "drainSeconds": 2,
    }


def _release_keys(stack: Stack, image: str, builds: str) -> None:
    content: dict[str, Any] = yaml.safe_load(stack.file.read_text())
    config = content["config"]
    config[f"{PROJECT}:blue"]["image"] = image
    config |= {f"release:{key}": value for key, value in (RELEASE | {"builds": builds}).items()}
    stack.file.write_text(yaml.safe_dump(content, sort_keys=False))


def _signals(stack: Stack, name: str) -> Senders:
    """Give the analysis something to judge; what becomes of each signal is proven elsewhere."""
    address = Kube.of(stack).address
    return Senders(address, TOKEN, per_second=PER_SECOND, name=name, max_age_seconds=60)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file}: {old!r}"
    file.write_text(text.replace(old, new))


def test_a_change_reaches_production_with_the_digest_that_staging_has_proven(life: Life) -> None:
    team, (_, first) = life.team, life.active(life.staging)
    team.git("switch", "-q", "-c", "feature", "develop")
    with (team.folder / "bot" / "status.py").open("a") as source:
        source.write("# A feature.\n")
    live = f"  {PROJECT}:activeColor: blue\n"
    _edit(life.staging.file, live, f"{live}  {PROJECT}:dailyLossLimitPct: 4\n")
    team.commit("feat(bot): a feature")
    _is_previewed(team)

    team.merge("feature", "develop")
    with _signals(life.staging, "feature-staging"):
        done = team.runs("deploy", "staging")
    assert not any(each.code for each in done), job_log(done)
    _, image = life.active(life.staging)
    assert image != first
    assert life.agree(life.staging)
    assert team.on_origin("refs/heads/develop") == team.git("rev-parse", "HEAD")

    team.merge("develop", "main")
    _is_approved(team)
    with _signals(life.production, "feature-production"):
        done = team.runs("deploy", "production")
    assert not any(each.code for each in done), job_log(done)
    assert life.active(life.production)[1] == image
    assert life.agree(life.production)
    _is_told(life, image)


def _is_previewed(team: Team) -> None:
    """The pull request says what it does, in words, and gets on with what runs."""
    done = team.runs("preview", "render", STACK="staging", BASE_BRANCH="develop")
    done += team.runs("preview", "compatible", STACK="staging", BASE_BRANCH="develop")
    assert not any(each.code for each in done), job_log(done)
    text = (team.folder / "reports" / "staging.md").read_text()
    assert "dailyLossLimitPct" in text, text
    assert "this source: ledger" in job_log(done)


def _is_approved(team: Team) -> None:
    """Nobody is here to press the button; that there is one is the workflow's, and looked at."""
    jobs = SOURCE.workflows["deploy"]["jobs"]
    assert jobs["production"]["environment"] == "production"
    assert "approval" in jobs["production"]["needs"]
    done = team.runs("deploy", "approval")
    assert [each.code for each in done] == [0], job_log(done)


def _is_told(life: Life, image: str) -> None:
    """Tag, changelog, messages and `/version` name what production runs."""
    team = life.team
    tag = team.git("describe", "--tags", "--abbrev=0", "--exclude", "*-rc*")
    assert team.on_origin(f"refs/tags/{tag}")
    assert image in team.git("tag", "-l", "--format=%(contents)", tag)
    changelog = team.git("show", "origin/main:CHANGELOG.md")
    assert re.search(rf"^## {re.escape(tag.removeprefix('v'))} \(", changelog, re.MULTILINE)
    assert "**bot**: a feature" in changelog
    for stack in (life.staging, life.production):
        host, port = Kube.of(stack).address()
        version = httpx2.get(f"http://{host}:{port}/version", trust_env=False).json()["version"]
        assert version.startswith(f"{tag.removeprefix('v')}-rc."), version
        phases = " ".join(life.messages.of(stack.name))
        assert all(word in phases for word in ("rollout", "cutover", "done")), phases


def test_a_bad_change_goes_back_by_itself_and_no_merge_brings_it_back(life: Life) -> None:
    team, before = life.team, life.active(life.staging)
    team.merge("main", "develop")  # with its tag: the next candidate comes after it
    team.git("switch", "-q", "-c", "bad", "develop")
    served = team.folder / "bot" / "serving" / "http.py"
    _edit(served, SERVED, SERVED.replace("inner", "Failing(inner)"))
    served.write_text(served.read_text() + FAILING)
    team.commit("feat(bot): a feature that fails under load")
    team.merge("bad", "develop")
    with _signals(life.staging, "bad"):
        done = team.runs("deploy", "staging")
    assert f"Error {Exit.ROLLED_BACK}" in job_log(done), job_log(done)
    assert life.active(life.staging) == before, job_log(done)
    assert life.agree(life.staging)
    assert team.on_origin("refs/heads/develop") == team.git("rev-parse", "HEAD")
    assert "rolled-back" in " ".join(life.messages.of("staging"))

    (banned,) = _quarantined(team)
    repository = before[1].partition("@")[0]
    refused = _release(team, "deploy", "--image", f"{repository}@{banned}", "--stack", "staging")
    assert "was rolled back on" in refused.text
    assert refused.code == Exit.REFUSED
    assert life.active(life.staging) == before

    team.git("switch", "-q", "-c", "words", "develop")
    (team.folder / "words.md").write_text("Unrelated.\n")
    team.commit("docs: unrelated")
    team.merge("words", "develop")
    done = team.runs("deploy", "staging")
    assert not any(each.code for each in done), job_log(done)
    assert "HEAD has no candidate's tag: staging stays as it is" in job_log(done)
    assert life.active(life.staging) == before

    proven, tags = life.active(life.production), team.git("tag", "--list", "v*")
    team.merge("develop", "main")
    done = team.runs("deploy", "production")
    assert any(each.code for each in done), job_log(done)
    assert re.search(r"v0\.2\.0 is no release of v0\.1\.0-rc\.\d+, which staging", job_log(done))
    assert team.git("tag", "--list", "v*") == tags
    assert life.active(life.production) == proven, job_log(done)
    assert life.agree(life.production)


def _quarantined(team: Team) -> list[str]:
    listed = _release(team, "quarantine", "list", "--stack", "staging", "--json")
    return [each["digest"] for each in json.loads(listed.output)]


def _release(team: Team, *words: str) -> Done:
    shell = Shell(team.folder, {**team.env, **team.given})
    return shell.run(".venv/bin/python", "-m", "release", *words, check=False)
