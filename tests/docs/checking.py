"""Whether a command that a text tells people to type is one that they can type."""

import argparse
import contextlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec

import bot.__main__
import bot.ledger.resolving
import bot.status
import infra.review.cli
import pipeline.cli
import release.cli.main
import testbed.cli
import testbed.venue.cli
from bot.contract.color import Color
from infra import outputs
from infra.reference import reference
from release.decide.spec import Deadlines, Spec, Thresholds
from tests.docs import verbs
from tests.docs.shell_words import commands
from tests.support.checkout import ROOT

Check = Callable[[Sequence[str]], str]
"""Takes the words after the command's name; returns what is wrong, or nothing."""

_BIN = ".venv/bin/"
ANY = "ANY"
"""Stands for what only a run knows, as in an f-string."""

_MISSING = re.compile(r"the following arguments are required: (--.*)$")

_INDEX = re.compile(r'\[(?:\d+|"[^"]+")\]$')
"""Of a list's entry, or of a secret whose name has a dot."""

_FOREIGN_KEYS = frozenset({"docker:host", "docker:registryAuth"})


def problems(line: str) -> list[str]:
    """Return what is wrong with the commands of a line; empty when they can be typed."""
    try:
        checked = [(words, _problem(words)) for words in commands(line)]
    except ValueError as error:
        return [f"{line!r}: {error}"]
    return [f"{' '.join(words)!r}: {problem}" for words, problem in checked if problem]


def wrong_names(line: str) -> list[str]:
    """Return what is wrong with a line that names a command without all that it needs."""
    faults = problems(line)
    missing = [match[1] for problem in faults if (match := _MISSING.search(problem))]
    if not missing:
        return faults
    options = " ".join(f"{option} {ANY}" for option in missing[0].split(", "))
    return problems(f"{line} {options}")


def known(word: str) -> bool:
    """Return whether a command of this name is checked here."""
    return word.removeprefix(_BIN) in _CHECKS


def _problem(words: Sequence[str]) -> str:
    name = words[0].removeprefix(_BIN)
    check = _CHECKS.get(name)
    return check(words[1:]) if check else f"no command {name!r} is known"


def _parsed(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """Return what the command line's own grammar says against the words."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
            parser.parse_args(words)
    except SystemExit as end:
        return output.getvalue().strip().splitlines()[-1] if end.code else ""
    return ""


def _bot(words: Sequence[str]) -> str:
    if words[:1] == ["account"]:
        return _parsed(bot.ledger.resolving.parser(), words[1:])
    if words[:1] == ["status"]:
        return _parsed(bot.status.parser({}), words[1:])
    return _parsed(bot.__main__.parser({}), words)


def _python(words: Sequence[str]) -> str:
    if words[:1] != ["-m"] or len(words) < 2:
        return "only `python -m MODULE` is known"
    module, rest = words[1], words[2:]
    if module in _MODULES:
        return _MODULES[module](rest)
    try:
        spec = find_spec(module)
        package = spec is not None and spec.submodule_search_locations is not None
        runs = find_spec(f"{module}.__main__") if package else spec
    except ModuleNotFoundError:
        runs = None
    return "" if runs else f"there is no module {module} to run"


def _pytest(words: Sequence[str]) -> str:
    paths = [word.partition("::")[0] for word in words if word.startswith("tests")]
    return "; ".join(f"{path} does not exist" for path in paths if not (ROOT / path).exists())


@cache
def _make_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the targets and the variables of the Makefile and what it includes."""
    files = (ROOT / "Makefile", ROOT / ".github" / "pipeline.mk")
    text = "\n".join(file.read_text() for file in files)
    targets = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    variables = re.findall(r"^([A-Z_]+) *[?:]?=", text, re.MULTILINE)
    return frozenset(" ".join(targets).split()) | {".venv/.ready"}, frozenset(variables)


def _make(words: Sequence[str]) -> str:
    targets, variables = _make_names()
    for word in words:
        name, is_variable, _ = word.partition("=")
        if name not in (variables if is_variable else targets):
            return f"the Makefile has no {name}"
    return ""


@cache
def _keys() -> frozenset[str]:
    """Return every key of the stack config, those of a release with their prefix."""
    own = frozenset(re.findall(r"^\| `(.+?)` \|", reference(), re.MULTILINE))
    spec = {str(field.alias) for field in Spec.model_fields.values()}
    for name, model in (("thresholds", Thresholds), ("deadlines", Deadlines)):
        spec |= {f"{name}.{field.alias}" for field in model.model_fields.values()}
    return own | {f"release:{key}" for key in spec} | _FOREIGN_KEYS


def _config_key(words: Sequence[str]) -> str:
    """Return what is wrong with the first word that is no option: the key."""
    plain = _plain(words, {"--stack", "-s"})
    if not plain:
        return "which key?"
    key = plain[0].removeprefix("trading-bot:")
    if "--path" in words:
        key = _INDEX.sub("", key)
    if key.startswith("secrets.") or key in ("KEY", "secrets"):
        return ""
    pattern = key.replace(ANY, "*")
    return "" if any(fnmatchcase(each, pattern) for each in _keys()) else f"no key {key!r}"


def _plain(words: Sequence[str], with_value: set[str]) -> list[str]:
    operands: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in with_value:
            next(rest, None)
        elif not word.startswith("-"):
            operands.append(word)
    return operands


def _pulumi(words: Sequence[str]) -> str:
    plain = _plain(words, {"--stack", "-s", "--cwd", "-C", "--secrets-provider"})
    if not plain or plain[0] not in verbs.PULUMI:
        return f"pulumi has no {plain[0] if plain else 'such command'}"
    if plain[0] == "config" and len(plain) > 1:
        if plain[1] not in verbs.PULUMI_CONFIG:
            return f"pulumi config has no {plain[1]}"
        takes_key = plain[1] in ("set", "get", "rm")
        after = list(words[words.index(plain[1]) + 1 :])
        return _config_key(after) if takes_key else ""
    if plain[0] == "stack" and len(plain) > 1:
        if plain[1] not in verbs.PULUMI_STACK:
            return f"pulumi stack has no {plain[1]}"
        if plain[1] == "output" and len(plain) > 2 and plain[2] not in _outputs():
            return f"the stack exports no {plain[2]}"
    return ""


@cache
def _outputs() -> frozenset[str]:
    keys = (
        *(outputs.ACTIVE_COLOR, outputs.CANARY_PERCENT, outputs.NAMESPACE, outputs.LIVE_SERVICE),
        outputs.LEDGER,
    )
    makers = (outputs.image_key, outputs.replicas_key, outputs.deployment_key, outputs.service_key)
    return frozenset(keys) | {make(color) for make in makers for color in Color}


def _kubectl(words: Sequence[str]) -> str:
    words = list(words)
    if "--" in words:
        inner = words[words.index("--") + 1 :]
        if problem := _problem(inner):
            return problem
        words = words[: words.index("--")]
    plain = _plain(words, {"-n", "--namespace", "--context"})
    return "" if plain and plain[0] in verbs.KUBECTL else "kubectl has no such command"


def _one_of(name: str, verbs: frozenset[str]) -> Check:
    def check(words: Sequence[str]) -> str:
        plain = _plain(words, {"-C", "-c"})
        return "" if plain and plain[0] in verbs else f"{name} has no such command"

    return check


def _nothing(_: Sequence[str]) -> str:
    return ""


def _grammar(parser: Callable[[], argparse.ArgumentParser]) -> Check:
    return lambda words: _parsed(parser(), words)


_MODULES: Mapping[str, Check] = {
    "bot": _bot,
    "testbed": _grammar(testbed.cli.parser),
    "release": _grammar(release.cli.main.parser),
}
OURS: Mapping[str, Check] = {
    "bot": _bot,
    "infra-review": _grammar(infra.review.cli.parser),
    "pipeline": _grammar(pipeline.cli.parser),
    "release": _grammar(release.cli.main.parser),
    "testbed": _grammar(testbed.cli.parser),
    "testbed-venue": _grammar(testbed.venue.cli.parser),
}
"""The commands of `[project.scripts]`."""
_CHECKS: Mapping[str, Check] = {
    **OURS,
    "python": _python,
    "pytest": _pytest,
    "make": _make,
    "pulumi": _pulumi,
    "kubectl": _kubectl,
    "git": _one_of("git", verbs.GIT),
    "docker": _one_of("docker", verbs.DOCKER),
    **dict.fromkeys(verbs.SHELL, _nothing),
}
