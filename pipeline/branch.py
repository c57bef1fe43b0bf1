"""Whether a branch's head is what was tested, but for what the pipeline itself has committed."""

from pathlib import Path

from pipeline.tools import ROOT, run


class MovedOnError(ValueError):
    """The branch has commits that this run has not tested."""


def require_tested(commit: str, robot: str, root: Path = ROOT) -> None:
    """Return when all commits since a tested one are the pipeline's own.

    Args:
        commit: the one that the checks have seen.
        robot: the address that the pipeline commits with.
        root: the repository.

    Raises:
        MovedOnError: somebody else's is among them, or the tested one is not below HEAD.
        ToolError: git does not tell.
    """
    base = run("git", "merge-base", commit, "HEAD", folder=root).strip()
    if base != run("git", "rev-parse", f"{commit}^{{commit}}", folder=root).strip():
        raise MovedOnError(f"{commit} was tested, and is not in this branch any more")
    since = run("git", "log", "--format=%ae %h %s", f"{commit}..HEAD", folder=root).splitlines()
    others = [line.partition(" ")[2] for line in since if not line.startswith(f"{robot} ")]
    if others:
        raise MovedOnError(
            f"the branch has moved on since {commit[:12]} was tested ({'; '.join(others)}): "
            "the run of that push deploys it"
        )
