"""`python -m tests.words`: how often each word of the list is written."""

import argparse
import sys
from pathlib import Path

from tests.words.words import LIST, ROOT, hits, read_words


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="another working tree")
    parser.add_argument("--where", action="store_true", help="print the places too")
    options = parser.parse_args()
    words = read_words(LIST.read_text("utf-8"))
    places = list(hits(words, options.root))
    for word in words:
        its = [hit for hit in places if hit.word is word]
        sys.stdout.write(f"{len(its):5}  {word.kind:6}  {word.spelling}\n")
        if options.where:
            sys.stdout.writelines(f"       {hit}\n" for hit in its)
    sys.stdout.write(f"{len(places):5}  all\n")


if __name__ == "__main__":
    main()
