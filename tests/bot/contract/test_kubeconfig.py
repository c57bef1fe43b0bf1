from pathlib import Path

import pytest

from bot.contract.kubeconfig import UnknownContextError, find_context

CONTEXTS = {"a": {"one": "cluster 1", "broken": None}, "b": {"broken": "cluster 2"}}


def contexts(file: Path) -> dict[str, str | None]:
    return dict(CONTEXTS[file.name])


def test_the_first_file_with_a_usable_context_counts(tmp_path: Path) -> None:
    for name in CONTEXTS:
        (tmp_path / name).touch()
    paths = f"{tmp_path}/a:{tmp_path}/missing:{tmp_path}/b"
    assert find_context("one", paths, contexts) == "cluster 1"
    assert find_context("broken", paths, contexts) == "cluster 2"
    with pytest.raises(UnknownContextError, match="knows: one, broken, broken; set KUBECONFIG"):
        find_context("two", paths, contexts)
