"""The dry run: the real engine drives a release in a world where everything goes well."""

from bot.contract.color import Color
from infra.outputs import StackOutputs
from release.decide.actions import Decision
from release.decide.events import Began, Record, entry
from release.decide.model import Target
from release.decide.observation import Observation
from release.decide.spec import Spec
from release.decide.state import State
from release.drive.engine import Engine
from release.drive.executor import Executor
from release.drive.journal import Log
from release.drive.ports import Ports
from release.rehearsal.ideal import (
    IdealCluster,
    IdealStack,
    InMemoryPorts,
    MemoryJournal,
    StillClock,
    passes,
)

WHO = "rehearsal"


async def rehearse(spec: Spec, target: Target, outputs: StackOutputs) -> list[Record]:
    """Return the journal of this release if everything went well."""
    file: dict[str, object] = {
        "activeColor": outputs.active_color.value,
        "canaryPercent": outputs.canary_percent,
    }
    for color in Color:
        file[f"{color}.image"] = outputs.color(color).image
        file[f"{color}.replicas"] = outputs.color(color).replicas
    clock, journal, in_memory = StillClock(), MemoryJournal(), InMemoryPorts()
    stack = IdealStack(outputs.namespace, dict(file), dict(file))
    cluster = IdealCluster(stack, clock)
    ports = Ports(
        config=stack,
        stack=stack,
        cluster=cluster,
        metrics=cluster,
        judge=passes,
        quarantine=in_memory,
        under_way=in_memory,
        journal=journal,
        git=in_memory,
        images=in_memory,
        notifier=in_memory,
        clock=clock,
    )
    log = Log(journal, WHO)
    await log.append(entry(WHO, clock.now(), Began(target, spec)), fenced=False)
    engine = Engine(WHO, ports, log, Executor(ports, WHO), WHO, _Blind())
    await engine.run()
    await clock.sleep(spec.warm_seconds)
    await engine.run()
    return log.records


class _Blind:
    def recorded(self, record: Record, state: State) -> None:
        pass

    def waiting(self, state: State, decision: Decision, seen: Observation) -> None:
        pass

    def progress(self, line: str) -> None:
        pass
