"""Whether this source gets on with what a stack runs, as far as git can tell: for pull requests.

A pull request may be a stranger's: no cluster, no registry, no state. But the digest that runs is
in the committed stack config, and the commit that brought it there lies on top of the source that
it was built from; that source states its ranges. The deploy asks the images themselves again.
"""

from pathlib import Path

from bot.contract import compatibility
from bot.contract.compatibility import OURS, Schemas, UnstatedError, conflicts
from pipeline import pinned
from pipeline.tools import ROOT, run

STATED_IN = f"bot/contract/{Path(compatibility.__file__).name}"


class HistoryError(RuntimeError):
    """Git cannot say where the digest came from."""


def judged(stack: str, base: str, root: Path = ROOT) -> tuple[list[str], str]:
    """Return why the working tree's version may not come beside the live one, and what was asked.

    Args:
        stack: the stack's name.
        base: the commit whose stack config says what runs.
        root: the repository.

    Raises:
        HistoryError, ToolError: git does not tell.
        UnstatedError: what the live version states cannot be read.
    """
    name = f"Pulumi.{stack}.yaml"
    text = run("git", "show", "--end-of-options", f"{base}:{name}", folder=root)
    try:
        digest = pinned.image_in(text, name).partition("@")[2]
    except pinned.NothingDeployedError:
        return [], f"{stack} runs nothing yet: any version may come"
    commit = brought(digest, base, root)
    live = _stated(commit, root)
    if live is None:
        return [], (
            f"{stack} runs the source of {commit[:12]}, which is older than {STATED_IN}: not "
            "compared; a release asks the images"
        )
    message = (
        f"{stack} runs the source of {commit[:12]}: {_words(live)}; this source: {_words(OURS)}"
    )
    return conflicts(OURS, live), message


def brought(digest: str, base: str, root: Path) -> str:
    """Return the commit that first put this digest into any stack's config."""
    words = ("git", "log", "--reverse", "--format=%H", f"-S{digest}", "--end-of-options", base)
    files = run(*words, "--", "Pulumi.*.yaml", folder=root).split()
    if not files:
        raise HistoryError(f"the history of {base} never brought {digest}; fetch all of it")
    return files[0]


def _stated(commit: str, root: Path) -> Schemas | None:
    listed = run("git", "ls-tree", "--name-only", commit, "--", STATED_IN, folder=root)
    if not listed.strip():
        return None
    try:
        return Schemas.of_source(run("git", "show", f"{commit}:{STATED_IN}", folder=root))
    except UnstatedError as error:
        raise UnstatedError(f"{STATED_IN} at {commit[:12]}: {error}") from error


def _words(stated: Schemas) -> str:
    ledger, config = stated.ledger, stated.config
    return f"ledger {ledger.oldest}..{ledger.newest}, config {config.oldest}..{config.newest}"
