"""`python -m tests.model`: run seeds, replay one, or look for what a missing rule breaks.

python -m tests.model --runs 10000
python -m tests.model --seed 188 --trace
python -m tests.model --without epoch          the smallest counter-example found
python -m tests.model --without epoch --seed 36 --trace
"""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from tests.model.broken import BROKEN, SEEDS, SOUND
from tests.model.search import smallest, story, violations
from tests.model.simulation import Setting, run


def main() -> int:
    """Return 1 when a promise was broken."""
    arguments = _parse()
    setting = BROKEN[arguments.without].setting if arguments.without else SOUND[arguments.locks]
    if arguments.seed is not None:
        outcome = run(arguments.seed, setting, trace=arguments.trace)
        _say(story(outcome))
        return 1 if outcome.violation else 0
    if arguments.without:
        return _counter_example(arguments.without, setting, arguments.runs)
    broken = [o.plan.seed for o in violations(setting, range(arguments.runs))]
    _say(f"{arguments.runs} runs, {len(broken)} violations{f': seeds {broken}' if broken else ''}")
    return 1 if broken else 0


def _counter_example(name: str, setting: Setting, runs: int) -> int:
    _say(f"without: {BROKEN[name].rule}")
    outcome = smallest(setting, SEEDS[name], runs)
    _say(story(outcome) if outcome else f"no counter-example in {runs} runs")
    return 1 if outcome else 0


def _parse() -> Namespace:
    parser = ArgumentParser(
        prog="python -m tests.model",
        description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--trace", action="store_true", help="print what happened")
    parser.add_argument("--without", choices=BROKEN, help="a rule to switch off")
    parser.add_argument("--locks", choices=SOUND, default="all")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
