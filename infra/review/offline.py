"""What a change would do, from two states of the source alone: no state, no cluster, no secret.

The base is applied to a folder of manifests (`renderTo`) and a state that live as long as the
command, then the working tree is previewed against that: the real engine and the real provider say
what is an update and what a replacement. This may run on whatever somebody sent.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import yaml

from bot.contract.secrets import DATABASE_URL
from infra.review.engine import EngineError, preview, run
from infra.review.preview import Operation, Preview, Step

ROOT = Path(__file__).resolve().parent.parent.parent
_BUILD = "build"
_BUILT = f":to-be-built@sha256:{'0' * 64}"
"""Behind its repository, what stands for an image to be built: nothing is built here."""
_LETTERS = 16
_PASSPHRASE = "of a state that lives for seconds"  # noqa: S105 -- and holds no secret

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states of the source."""

    root: Path
    stack: str

    @property
    def config(self) -> Config | None:
        """The committed stack config; None when there is no such stack here."""
        file = self.root / f"Pulumi.{self.stack}.yaml"
        if not file.exists():
            return None
        return cast("Config", _yaml(file).get("config") or {})


def against(base: str, stack: str, root: Path = ROOT) -> Preview:
    """Preview the working tree of a stack against a commit.

    Args:
        base: the commit, as git takes it.
        stack: the stack's name.
        root: the working tree.

    Raises:
        EngineError: there is no such commit or stack, or the base itself cannot be rendered.
    """
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        work = Path(folder)
        old, new = Side(_checkout(base, root, work), stack), Side(root, stack)
        if new.config is None:
            raise EngineError(f"there is no Pulumi.{stack}.yaml")
        scratch = _Scratch(work / "project", stack, _project(root))
        scratch.begin()
        if old.config is not None:
            env = scratch.take(old, new.config)
            up = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack)
            run(scratch.folder, env, *up)
        result = preview(stack, scratch.folder, scratch.take(new, {}))
        return result if result.errors else Preview([*_cluster(old, new), *result.steps])


def _checkout(base: str, root: Path, work: Path) -> Path:
    """Unpack what a commit has."""
    archive, tree = work / "base.tar", work / "base"
    words = ("git", "archive", "--format=tar", f"--output={archive}", "--end-of-options", base)
    run(root, os.environ, *words)
    with tarfile.open(archive) as packed:
        packed.extractall(tree, filter="data")
    return tree


def _project(root: Path) -> Config:
    return _yaml(root / "Pulumi.yaml")


def _yaml(file: Path) -> Config:
    content: object = yaml.safe_load(file.read_text())
    return cast("Config", content or {})


def _cluster(old: Side, new: Side) -> list[Step]:
    """Return the one step that rendering does not know: another cluster replaces everything."""
    contexts = [_context(side.config or {}) for side in (old, new)]
    if old.config is None or contexts[0] == contexts[1]:
        return []
    before, after = ({"context": context} for context in contexts)
    return [Step(Operation.REPLACE, "Provider", "cluster", before, after, ["context"])]


def _context(config: Config) -> str:
    values = [value for key, value in config.items() if key.endswith(":context")]
    return str(values[0]) if values else ""


@dataclass(frozen=True, slots=True)
class _Scratch:
    """A project with a state of its own."""

    folder: Path
    stack: str
    project: Config

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def name(self) -> str:
        return str(self.project["name"])

    def begin(self) -> None:
        """Make the stack; nothing is in it yet."""
        (self.folder / "state").mkdir(parents=True)
        env = self._env(ROOT)
        self._point_to(ROOT)
        run(self.folder, env, "pulumi", "stack", "init", "--non-interactive", self.stack)

    def take(self, side: Side, later: Config) -> Mapping[str, str]:
        """Put one side's config and program in place; return the environment to run it in.

        Args:
            side: which.
            later: the config after it; what pins a built image there is what was built.
        """
        env = self._env(side.root)
        self._point_to(side.root)
        config = dict(side.config or {})
        secrets = _secrets(config)
        config = _unbuilt(_plain(config), _plain(later))
        config[f"{self.name}:renderTo"] = str(self.folder / "rendered")
        kept = _yaml(self.file)
        self.file.write_text(yaml.safe_dump({**kept, "config": config}))
        if secrets:
            words = [
                word for key, value in secrets.items() for word in ("--secret", f"{key}={value}")
            ]
            set_all = ("pulumi", "config", "set-all", "--path", "--non-interactive")
            run(self.folder, env, *set_all, "--stack", self.stack, *words)
        return env

    def _point_to(self, root: Path) -> None:
        project = {
            "name": self.name,
            "main": str(root / str(self.project["main"])),
            "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
        }
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))

    def _env(self, root: Path) -> dict[str, str]:
        nothing = str(self.folder / "no-kubeconfig")
        return os.environ | {
            "KUBECONFIG": nothing,
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Ahead of the installed packages: each side runs its own program.
            "PYTHONPATH": str(root),
        }


def _secrets(config: Config) -> dict[str, str]:
    """Return a stand-in for each encrypted value: another one when the cipher text is another."""
    result: dict[str, str] = {}
    for key, value in config.items():
        if not isinstance(value, dict):
            continue
        for name, inner in cast("Config", value).items():
            if isinstance(inner, dict) and "secure" in inner:
                cipher = str(cast("Config", inner)["secure"])
                result[f'{key}["{name}"]'] = _stand_in(name, cipher)
    return result


def _stand_in(name: str, cipher: str) -> str:
    short = sha256(cipher.encode()).hexdigest()[:_LETTERS]
    if name == DATABASE_URL:
        return f"postgresql://unknown:unknown@database.invalid/of-{short}"
    return f"unknown-{short}"


def _plain(config: Config) -> Config:
    """Return what is not encrypted."""
    return {
        key: {
            name: inner
            for name, inner in cast("Config", value).items()
            if not (isinstance(inner, dict) and "secure" in inner)
        }
        if isinstance(value, dict)
        else value
        for key, value in config.items()
    }


def _unbuilt(config: Config, later: Config) -> Config:
    """Return the config with a reference wherever it says `build`."""
    repositories = [value for key, value in config.items() if key.endswith(":imageRepository")]
    stand_in = f"{repositories[0] if repositories else 'built.invalid/bot'}{_BUILT}"

    def image(key: str) -> str:
        pinned = _image(later.get(key))
        return pinned if pinned and pinned != _BUILD else stand_in

    return {
        key: {**cast("Config", value), "image": image(key)} if _image(value) == _BUILD else value
        for key, value in config.items()
    }


def _image(value: object) -> str:
    return str(cast("Config", value).get("image", "")) if isinstance(value, dict) else ""


def commit_of(base: str, root: Path = ROOT) -> str:
    """Return the short name of a commit, for people."""
    done = subprocess.run(  # noqa: S603 -- the words are this module's own
        ["git", "rev-parse", "--short", "--verify", "--end-of-options", f"{base}^{{commit}}"],  # noqa: S607
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"git knows no commit {base!r}; fetch it first")
    return done.stdout.strip()
