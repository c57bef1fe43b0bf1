"""One stack as the commands see it: its ports, its journal, and who asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.contract.color import Color
from bot.contract.environment import DeployEnv
from bot.contract.provenance import Builds
from infra.outputs import StackOutputs
from release.decide import canary
from release.decide.model import Target
from release.decide.spec import Spec, SpecError, Strategy, parse
from release.decide.state import State
from release.drive.engine import Engine, Viewer
from release.drive.executor import Executor
from release.drive.journal import Log
from release.drive.ports import PortError, Ports

BUILD = "build"
"""The image value that lets the Pulumi program build the image."""


_BUILDS = {DeployEnv.LOCAL.value: Builds.ANY, DeployEnv.STAGING.value: Builds.CLEAN}
"""Which builds an environment takes; others take only those of a tag."""


class CannotBeginError(ValueError):
    """What was asked for makes no sense here; nothing was changed."""


@dataclass
class ReleaseSession:
    """One stack, and the process that works on it."""

    stack: str
    local: bool
    """Whether this is the stack of a developer's machine: there nothing is committed by default."""
    ports: Ports
    log: Log
    release: str
    """Id of the release that this process begins, or of the last one; the guard lets it through."""
    holder: str
    by: str
    """Who gives the commands."""
    is_dead: Callable[[str], bool] = lambda _: False
    """Whether the process of a holder is surely gone."""

    def spec(self) -> Spec:
        """Return how this stack wants to be released.

        Raises:
            SpecError: its keys cannot be used.
        """
        config = self.ports.config.read()
        spec = parse(config)
        commits = not self.local if spec.commit is None else spec.commit
        environment = next((config[key] for key in config if key.endswith(":deployEnv")), "")
        steps = spec.canary_steps
        if spec.strategy is Strategy.CANARY:
            symbols = canary.symbols_of(config)
            steps = steps or canary.default_steps(symbols)
            if why := canary.problem(steps, symbols):
                raise SpecError([f"release:canarySteps: {why}"])
        builds = spec.builds or _BUILDS.get(str(environment), Builds.TAGGED)
        changed = {"commit": commits, "builds": builds, "canary_steps": steps}
        return spec.model_copy(update=changed)

    async def revision(self) -> str:
        """Return the commit that a release begins from; a developer's folder may have none.

        Raises:
            PortError: it cannot be told, and it matters.
        """
        try:
            return await self.ports.git.head()
        except PortError:
            if self.local:
                return ""
            raise

    async def outputs(self) -> StackOutputs:
        """Return what is deployed.

        Raises:
            CannotBeginError: nothing is.
            PortError: it cannot be told.
        """
        outputs = await self.ports.stack.outputs()
        if outputs is None:
            raise CannotBeginError(
                f"{self.stack} was never deployed: `pulumi up --stack STACK` once, "
                "then release into it"
            )
        return outputs

    def engine(self, viewer: Viewer) -> Engine:
        """Return what drives this stack's last release."""
        executor = Executor(self.ports, self.holder)
        return Engine(self.stack, self.ports, self.log, executor, self.holder, viewer)

    async def state(self) -> State | None:
        """Return where the last release stands, as far as the store can be read."""
        await self.log.refresh(self.ports.clock.now())
        return self.log.state


@dataclass(frozen=True, slots=True)
class Request:
    """What a deploy is asked for."""

    image: str = BUILD
    reason: str = ""
    overrides: Sequence[str] = ()


def target(request: Request, outputs: StackOutputs, revision: str, by: str) -> Target:
    """Return what a deploy is about: the standby color gets the image.

    Raises:
        CannotBeginError: the image is not pinned, or what runs is not.
    """
    old = outputs.active_color
    running = outputs.color(old)
    if request.image != BUILD and "@sha256:" not in request.image:
        raise CannotBeginError(
            f"--image {request.image!r}: must be `build` or REPOSITORY@sha256:<64 hex digits>"
        )
    if request.overrides and not request.reason:
        raise CannotBeginError("--allow-… needs --reason: the journal keeps who and why")
    if "@sha256:" not in running.image:
        raise CannotBeginError(
            f"{old} runs {running.image!r}, which is not pinned, so nothing could come back to it"
        )
    return Target(
        new=old.other,
        image=request.image,
        replicas=max(running.replicas, 1),
        old_image=running.image,
        old_replicas=running.replicas,
        revision=revision,
        by=by,
        reason=request.reason,
        overrides=tuple(request.overrides),
    )


def adopted(outputs: StackOutputs, by: str, old: Color | None = None) -> Target:
    """Return what a rollback is about when no journal tells how it came to this.

    Args:
        outputs: what is deployed.
        by: who asks for it.
        old: color that a release under way comes from, by its mark in the cluster. Without one it
            is the active color under a canary, and else the other one.

    Raises:
        CannotBeginError: the other color has no image to go back to, or the same.
    """
    active = outputs.active_color
    if old is None:
        old = active if outputs.canary_percent else active.other
    new = old.other
    now, before = outputs.color(new), outputs.color(new.other)
    if "@sha256:" not in before.image:
        raise CannotBeginError(
            f"{new.other} has no pinned image, so there is nothing to go back to"
        )
    if before.image == now.image:
        raise CannotBeginError(
            f"{new} and {new.other} have the same image, so nothing to go back to; to move "
            "the trading all the same: "
            f"`pulumi config set --stack STACK activeColor {new.other} && pulumi up --stack STACK`"
        )
    desired = Target(
        new=new,
        image=now.image,
        replicas=now.replicas,
        old_image=before.image,
        old_replicas=max(before.replicas, now.replicas, 1),
        by=by,
    )
    return replace(desired, reason="found deployed, without a release of its own")


async def quarantined(session: ReleaseSession, image: str) -> str:
    """Return why an image is quarantined; empty when it is not, or when nobody can tell."""
    try:
        entries = await session.ports.quarantine.entries()
    except PortError:
        return ""
    digest = image.partition("@")[2]
    return next((entry.reason or "no reason" for entry in entries if entry.digest == digest), "")
