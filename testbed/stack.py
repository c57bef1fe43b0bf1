"""The first deploy of the stack `local`, typed as a person would.

Every command is printed before it runs, so that the next deploy can be done by hand. This module
drives the plain `pulumi` command; it knows nothing of what the program declares beyond its config
keys and outputs.
"""

import json
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.contract.color import Color
from bot.contract.secrets import DATABASE_URL, SIGNALS_TOKEN, VENUE_API_KEY, VENUE_API_SECRET
from testbed import database, net
from testbed.paths import Paths
from testbed.venue import DEFAULT_KEY, DEFAULT_SECRET

LOCAL = "local"
BUILD = "build"
_PROJECT = "trading-bot"
_TOKEN_BYTES = 32
ROOT = Path(__file__).resolve().parent.parent


def pulumi(*words: str) -> None:
    """Print and run one `pulumi` command.

    Raises:
        subprocess.CalledProcessError: it failed; its own output has said why.
    """
    print(f"$ pulumi {' '.join(words)}", flush=True)  # noqa: T201 - the point is to show it
    subprocess.run(["pulumi", *words], cwd=ROOT, check=True)  # noqa: S603, S607 - as typed


def pulumi_json(*words: str) -> dict[str, Any]:
    """Return what a `pulumi … --json` command says."""
    done = subprocess.run(  # noqa: S603 - fixed words
        ["pulumi", *words, "--json"],  # noqa: S607 - whichever the user has
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def pulumi_secret(path: str, value: str) -> None:
    """Print and run `pulumi config set --secret`; the value goes by standard input.

    Raises:
        subprocess.CalledProcessError: it failed; its own output has said why.
    """
    words = ["config", "set", "--stack", LOCAL, "--secret", "--path", path]
    print(f"$ pulumi {' '.join(words)} < …", flush=True)  # noqa: T201 - the point is to show it
    command = ["pulumi", *words]
    subprocess.run(command, cwd=ROOT, check=True, input=value, text=True)  # noqa: S603 - as typed


def absent(desired: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Decide which secrets to set: those that are not there, or are another platform's.

    Args:
        desired: name → value; an empty value means that any will do, and is made at random.
        given: what the config holds.
    """
    return {
        name: value or secrets.token_urlsafe(_TOKEN_BYTES)
        for name, value in desired.items()
        if name not in given or (value and given[name] != value)
    }


def _trade_on_the_platforms_exchange(paths: Paths) -> None:
    """Give the stack `local` the simulated exchange, the database and what they ask for."""
    desired = {
        DATABASE_URL: database.url(paths),
        VENUE_API_KEY: DEFAULT_KEY,
        VENUE_API_SECRET: DEFAULT_SECRET,
        SIGNALS_TOKEN: "",
    }
    config = pulumi_json("config", "--stack", LOCAL, "--show-secrets")
    given = json.loads(config.get(f"{_PROJECT}:secrets", {}).get("value") or "{}")
    for name, value in absent(desired, given).items():
        pulumi_secret(f"secrets.{name}", value)
    pulumi("config", "set", "--stack", LOCAL, "apiEndpoint", net.VENUE_URL)
    pulumi("config", "set", "--stack", LOCAL, "redisUrl", net.REDIS_URL)


def pins(images: Mapping[Color, str], outputs: Mapping[str, Any]) -> dict[Color, str]:
    """Decide which colors to pin: those that say `build` and have something built.

    Args:
        images: what the config says for each color.
        outputs: of the stack's last `up`: `blueImage` and `greenImage` are references by digest.
    """
    built = {color: str(outputs.get(f"{color}Image") or "") for color in Color}
    return {
        color: built[color] for color, image in images.items() if image == BUILD and built[color]
    }


def _pin() -> bool:
    config = pulumi_json("config", "--stack", LOCAL)
    images = {
        color: json.loads(config[f"{_PROJECT}:{color}"]["value"]).get("image", "")
        for color in Color
    }
    outputs = pulumi_json("stack", "output", "--stack", LOCAL)
    chosen = pins(images, outputs)
    for color, reference in chosen.items():
        pulumi("config", "set", "--stack", LOCAL, "--path", f"{color}.image", reference)
    return bool(chosen)


def deploy(paths: Paths, context: str | None, repository: str | None) -> None:
    """Bring the stack `local` to where a swap is one command: both colors run, pinned by digest.

    Args:
        paths: the platform's folders.
        context: the kubeconfig context to use instead of the local platform's.
        repository: where images go, instead of the local platform's registry.
    """
    pulumi("stack", "select", "--create", LOCAL)
    if context:
        pulumi("config", "set", "--stack", LOCAL, "context", context)
    if repository:
        pulumi("config", "set", "--stack", LOCAL, "imageRepository", repository)
    if not context:
        _trade_on_the_platforms_exchange(paths)
    _pin()  # A fresh clone beside a running stack: its config still says `build`.
    pulumi("up", "--yes", "--skip-preview", "--stack", LOCAL)
    if _pin():
        pulumi("up", "--yes", "--skip-preview", "--stack", LOCAL)
    outputs = pulumi_json("stack", "output", "--stack", LOCAL)
    print(_next_steps(outputs, context))  # noqa: T201 - it is the command's result


def _next_steps(outputs: Mapping[str, Any], context: str | None) -> str:
    """Return what a person types next; `shell` sets up plain pulumi on the local platform."""
    active = Color(outputs["activeColor"])
    shell = "" if context else '  eval "$(.venv/bin/testbed env)"\n'
    return (
        f"\n{active} is active and {active.other} is the standby. Swap them:\n{shell}"
        f"  pulumi config set activeColor {active.other} && pulumi up\n"
        f"Look: kubectl -n {outputs['namespace']} get deployments,services,pods"
    )
