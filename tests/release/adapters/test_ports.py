"""Each adapter fits its port: pyright reads the assignments, and they are all there is to run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from release.adapters.cluster import KubernetesCluster
from release.adapters.git import Repository, StackRepository
from release.adapters.messages import Messages
from release.adapters.metrics import PodMetrics
from release.adapters.prometheus import Prometheus, PrometheusMetrics
from release.adapters.quarantine import QuarantineMap, UnderWayMap
from release.adapters.registry import Registries
from release.adapters.registry_login import Logins
from release.adapters.stack import PulumiStack
from release.adapters.stack_file import StackFile
from tests.release.adapters.fake_api import STACK, FakeApi

if TYPE_CHECKING:
    from release.drive import ports


def test_each_adapter_fits_its_port(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    config: ports.Config = StackFile(file, "trading-bot")
    git: ports.Git = StackRepository(Repository(tmp_path), file)
    stack: ports.Stack = PulumiStack("dev", tmp_path, "r-1", {})
    images: ports.Images = Registries(Logins({}))
    assert all((config, git, stack, images))


async def test_each_adapter_of_the_cluster_fits_its_port() -> None:
    kube = FakeApi().kube()
    cluster: ports.Cluster = KubernetesCluster(kube, STACK)
    pods: ports.Metrics = PodMetrics(kube, STACK, time.time)
    prometheus: ports.Metrics = PrometheusMetrics(Prometheus("http://p.example", "ns"), time.time)
    quarantine: ports.Quarantine = QuarantineMap(kube)
    under_way: ports.UnderWay = UnderWayMap(kube)
    notifier: ports.Notifier = Messages([])
    assert all((cluster, pods, prometheus, quarantine, under_way, notifier))
