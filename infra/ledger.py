"""Which ledger the pods may use: the one of the last `up`, or what the migration finds.

The migration of the active color says which ledger its database has. It is asked only where that is
not known already, so a swap waits for no answer.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pulumi import Input, Output
from pulumi.runtime import is_dry_run

from infra.config import StackConfig
from infra.guard.ledger import Ledgers, refuse_ledger
from infra.guard.watch import Watch, nothing_against
from infra.kinds import Job, known
from infra.outputs import StackOutputs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StackLedger:
    """What the intent names, and whether it may."""

    named: Input[str]
    against: Callable[[], Awaitable[Sequence[str]]]
    """Says why the pods may not be led there."""


def stack_ledger(
    config: StackConfig, previous: StackOutputs | None, job: Job | None, watch: Watch
) -> StackLedger:
    """Return the ledger of this `up`.

    Args:
        config: the stack config.
        previous: what the last complete `up` left.
        job: the migration of the active color; None when there is none, or no cluster.
        watch: asks the cluster.
    """
    ledgers = Ledgers(previous.ledger if previous else "", config.adopt_ledger, config.database)
    if job is None or is_settled(config, previous):
        return StackLedger(ledgers.expected, nothing_against)
    if is_dry_run():
        return StackLedger(_unknown(), nothing_against)
    reported: Output[str] = known(job.metadata).apply(lambda job: watch.ledger(str(job["name"])))

    async def against() -> Sequence[str]:
        return refuse_ledger(ledgers, await reported.future() or "")

    return StackLedger(reported.apply(lambda name: name or ledgers.adopted), against)


def is_settled(config: StackConfig, previous: StackOutputs | None) -> bool:
    """Say whether the last `up` tells which ledger it is: neither address nor adoption is new."""
    if previous is None or not previous.ledger:
        return False
    return previous.database == config.database and config.adopt_ledger in {"", previous.ledger}


def _unknown() -> Output[str]:
    """Return what a preview cannot know."""
    return Output(set(), _value(""), _value(False))  # noqa: FBT003 - the SDK's own signature


async def _value(value: T) -> T:
    return value
