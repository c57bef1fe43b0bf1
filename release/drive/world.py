"""Everything outside, in one hand: the ports of one stack."""

from dataclasses import dataclass

from release.drive.ports import (
    Clock,
    Cluster,
    Config,
    Git,
    Images,
    Journal,
    Judge,
    Metrics,
    Notifier,
    Quarantine,
    Stack,
    UnderWay,
)


@dataclass(frozen=True, slots=True)
class World:
    """The ports of one stack."""

    config: Config
    stack: Stack
    cluster: Cluster
    metrics: Metrics
    judge: Judge
    quarantine: Quarantine
    under_way: UnderWay
    journal: Journal
    git: Git
    images: Images
    notifier: Notifier
    clock: Clock
