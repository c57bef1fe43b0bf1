"""Commands in messages can be pasted: they have every option that they need. Pure.

What makes a message seldom knows the stack, so it writes `--stack STACK`; who shows the message to
people puts the name there. tests/docs holds every command in a message against its command line.
"""

import shlex

_PLACE = "--stack STACK"


def pasteable(text: str, stack: str) -> str:
    """Return a message with the stack's name in its commands.

    >>> pasteable("`release status --stack STACK` shows it", "production")
    '`release status --stack production` shows it'
    """
    return text.replace(_PLACE, f"--stack {shlex.quote(stack)}")
