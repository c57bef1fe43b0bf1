from pathlib import Path

import pytest

from tests.words.words import LIST, ROOT, hits, read_words

WORDS = read_words(LIST.read_text("utf-8"))


def test_no_word_of_the_list_is_written() -> None:
    assert [str(hit) for hit in hits(WORDS, ROOT)] == []


@pytest.mark.parametrize(
    ("file", "text", "hit"),
    [
        ("bot/a.py", "# Waiting does not mend it.\n", "'mend': write fix, repair"),
        ("docs/a.md", "ok\n\nA port that cannot be had.\n", "docs/a.md:3: 'cannot be had'"),
        ("tests/a.py", "def test_it_is_not_to_be_found() -> None: ...\n", "'not to be found'"),
        ("bot/a.py", "told = 1\n", "'told': write payload"),
        ("bot/a.py", "class Herald: ...\n", "'Herald': write Notifications"),
        ("release/exits.py", "", "'exits': write"),
        ("bot/a.py", "amend = 'recommended'\ntold_by = 1\n", None),
    ],
)
def test_a_planted_word_is_found_where_it_stands(
    tmp_path: Path, file: str, text: str, hit: str | None
) -> None:
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text(text)

    lines = [str(each) for each in hits(WORDS, tmp_path)]

    assert len(lines) == (hit is not None)
    assert not hit or hit in lines[0]
