"""The Pulumi program: read the config, refuse what must not be, declare the rest. Wiring only."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import FrameType
from typing import Any

import pulumi
from pulumi import Input, Output, Resource, ResourceHookBinding, ResourceOptions
from pulumi.runtime import invoke_async
from pulumi.runtime.config import CONFIG, is_config_secret
from pulumi_kubernetes import Provider

from bot.contract.color import Color
from bot.contract.release import RELEASE_ENV, RELEASE_RETURNS_ENV
from infra import names, outputs
from infra.access import Access
from infra.checks import check, foresee
from infra.color import ColorPods
from infra.config import StackConfig
from infra.environment import config_file
from infra.guard import hooks
from infra.guard.limits import LimitsWait, Pods
from infra.guard.readiness import Expected
from infra.guard.release_mark import Caller
from infra.guard.watch import Cluster, Guard, Watch
from infra.intent import IntentMap, intent_data
from infra.kinds import Job
from infra.ledger import StackLedger, stack_ledger
from infra.migration import Migration, migration_labels
from infra.names import Names, order_mark
from infra.outputs import StackOutputs
from infra.parsing import ConfigError, parse
from infra.pods import NO_IMAGE, ColorSpec
from infra.reloadable import ReloadableConfig
from infra.secret_files import SecretFiles
from infra.traffic import LiveTraffic

Connect = Callable[[StackConfig, Names], Cluster]
KUBECONFIG = "KUBECONFIG"
READ_STACK_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function behind `StackReference`."""
READ_AGAIN_AFTER_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)


async def main() -> Mapping[str, Any]:
    """Declare the stack and return what it exports."""
    signal.signal(signal.SIGINT, _end)
    config = read_config()
    last = await read_last()
    previous = StackOutputs.from_mapping(last)
    if problems := check(config, previous):
        prefix = f"{pulumi.get_project()}:"
        raise pulumi.RunError(_report([f"{prefix}{problem}" for problem in problems]))
    if pulumi.runtime.is_dry_run():
        for text in foresee(config, previous):
            pulumi.log.warn(text)
    exports = declare(config, previous)
    if config.render_to:
        return exports
    _warm_up()
    if not pulumi.runtime.is_dry_run():
        await hooks.after_everything(
            _limits_wait(config),
            exports,
            outputs.CONFIG_HASH,
            before=str(last.get(outputs.CONFIG_HASH, "")),
        )
    return exports


def _end(_number: int, _frame: FrameType | None) -> None:
    """End without a traceback: the engine interrupts the program when a step has failed."""
    raise SystemExit(1)


def read_config() -> StackConfig:
    """Parse the stack's config.

    Raises:
        pulumi.RunError: with every problem at once.
    """
    prefix = f"{pulumi.get_project()}:"
    ours = {key: value for key, value in CONFIG.get().items() if key.startswith(prefix)}
    try:
        return parse(
            {key.removeprefix(prefix): value for key, value in ours.items()},
            {key.removeprefix(prefix) for key in ours if is_config_secret(key)},
            pulumi.get_project(),
        )
    except ConfigError as error:
        raise pulumi.RunError(_report(error.problems)) from None


async def read_last() -> Mapping[str, Any]:
    """Return what the last complete `up` of this very stack exported.

    A `StackReference` asks the engine the same, but stays in the state, where each later `refresh`
    and `preview --diff` shows its old values as a drift.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for pause in (*READ_AGAIN_AFTER_SECONDS, None):
        try:
            answer = await invoke_async(READ_STACK_OUTPUTS, {"name": name})
        except Exception as error:
            # The SDK raises nothing narrower. A file backend is read here while the engine may be
            # writing it: now and then the answer is "failed to load checkpoint: EOF".
            if pause is None:
                raise pulumi.RunError(f"cannot read what {name} deployed last: {error}") from error
            await asyncio.sleep(pause)
        else:
            return answer["outputs"]
    raise AssertionError("the last try returns or raises")


def _report(problems: list[str]) -> str:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return f"the stack config has {count}; nothing was changed:\n" + "\n".join(
        f"  - {problem}" for problem in problems
    )


def declare(
    config: StackConfig, previous: StackOutputs | None, connect: Connect | None = None
) -> dict[str, Any]:
    """Declare everything, and return what the stack exports.

    The Service and the intent depend on the colors that will trade and on nothing else: a dead
    color must neither block nor delay leaving it. On the very first `up` the intent comes first,
    because pods read it to become ready, and who waits for them holds up what comes after.
    """
    stack = _names(config)
    top = ResourceOptions(providers=[_provider(config)])
    access = Access(stack, config.egress_ports, top)
    files = SecretFiles(stack, config.secrets, top, after=[access.namespace])
    limits = ReloadableConfig(stack, config_file(config), top, [access.namespace])
    connect = connect or _connect
    watch = Watch(lambda: connect(config, stack), deadline_seconds=config.rollout_seconds)
    caller = Caller(
        stack.stack,
        os.environ.get(RELEASE_ENV, ""),
        rolls_back=os.environ.get(RELEASE_RETURNS_ENV) == "1",
    )
    # All that a pod needs to become ready: the hook that waits for it holds up other steps.
    needed = [access.binding, files.secret, limits.config_map]
    images = _images(config, top)
    mark = order_mark(pulumi.get_project(), stack.stack)
    specs = {color: ColorSpec(stack, config, color, images[color], mark) for color in Color}
    jobs = {color: job for color, spec in specs.items() if (job := _migration(spec, top, needed))}
    asked = None if config.render_to else jobs.get(config.active_color)
    ledger = stack_ledger(config, previous, asked, watch)
    data = intent_data(config.intent, ledger.named)
    first = None if previous else IntentMap(stack, data, top, [access.namespace], hooks=None)
    # A list of its own: the migrations, which the intent waits for, keep theirs.
    needed = [*needed, *([first.config_map] if first else [])]
    colors = {
        color: ColorPods(
            spec,
            top,
            [*needed, *([jobs[color]] if color in jobs else [])],
            None if config.render_to else _pod_hooks(spec, watch, caller, ledger),
        )
        for color, spec in specs.items()
    }
    trading = [color for color in Color if color is config.active_color or config.canary_percent]
    targets = [hooks.target(colors[color].expected) for color in trading]
    guard = Guard(watch, targets, caller, patient=previous is None, ledger=ledger.against)
    ready = [colors[color].deployment for color in trading]
    live = LiveTraffic(
        stack,
        config.active_color,
        top,
        after=ready,
        hooks=None
        if config.render_to
        else hooks.guard_hooks("guard-service", guard, hooks.selector, on_create=True),
    )
    intent = first or IntentMap(
        stack,
        data,
        top,
        after=ready,
        hooks=None
        if config.render_to
        else hooks.guard_hooks("guard-intent", guard, hooks.data, on_create=True),
    )
    return _exports(stack, live, intent, limits, colors, config.database)


def _names(config: StackConfig) -> Names:
    project, stack = pulumi.get_project(), pulumi.get_stack()
    return Names(stack, config.namespace or f"{project}-{stack}")


def _migration(spec: ColorSpec, opts: ResourceOptions, needed: Sequence[Resource]) -> Job | None:
    """Declare the migration of a color that is to run on a database."""
    config = spec.config
    if not config.database or config.color(spec.color).replicas == 0:
        return None
    return Migration(spec, config.database, opts, needed).job


def _provider(config: StackConfig) -> Provider:
    """Return the one cluster of this stack; an edited kubeconfig must not replace everything.

    The SDK would copy this shell's KUBECONFIG, a path of this machine, into the state, and the next
    person's `up` would show it as a change. The plugin reads the variable by itself.
    """
    kubeconfig = os.environ.pop(KUBECONFIG, None)
    try:
        return Provider(
            "cluster",
            context=None if config.render_to else config.context,
            cluster_identifier=None if config.render_to else config.context,
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            enable_server_side_apply=True,
            render_yaml_to_directory=config.render_to or None,
        )
    finally:
        if kubeconfig is not None:
            os.environ[KUBECONFIG] = kubeconfig


def _images(config: StackConfig, opts: ResourceOptions) -> dict[Color, Input[str]]:
    """Return what each color runs. Docker is touched only if a color says `build`."""
    images: dict[Color, Input[str]] = {
        color: config.color(color).image or NO_IMAGE for color in Color
    }
    if not config.builds:
        return images
    from infra.image import (  # noqa: PLC0415 -- previews that build nothing must not pay for it
        BASE_IMAGE,
        BotImage,
        read_source,
    )

    base_image = config.base_image or os.environ.get(BASE_IMAGE, "")
    built = BotImage(config.image_repository, read_source(), base_image, opts)
    return {
        color: built.reference if config.color(color).builds else image
        for color, image in images.items()
    }


def _warm_up() -> None:
    """Import the client while the engine is busy, so that no guard has to wait for it."""
    if not pulumi.runtime.is_dry_run():
        asyncio.get_running_loop().run_in_executor(None, import_module, "infra.guard.pod_limits")


def _connect(config: StackConfig, stack: Names) -> Cluster:
    from infra.guard.cluster import (  # noqa: PLC0415 -- only an `up` that must ask pays for the client
        KubeCluster,
    )

    return KubeCluster.connect(config.context, stack)


def _limits_wait(config: StackConfig) -> LimitsWait:
    stack = _names(config)

    def connect() -> Pods:
        from infra.guard.pod_limits import (  # noqa: PLC0415 -- only an `up` that must ask pays for it
            KubePods,
        )

        return KubePods.connect(config.context, stack)

    return LimitsWait(
        connect,
        stack.namespace,
        config.rollout_seconds,
        say=pulumi.log.info,
        warn=pulumi.log.warn,
        patient=os.environ.get(RELEASE_RETURNS_ENV) != "1",
    )


def _pod_hooks(
    spec: ColorSpec, watch: Watch, caller: Caller, ledger: StackLedger
) -> ResourceHookBinding:
    config, color, namespace = spec.config, spec.color, spec.stack.namespace
    return hooks.pod_hooks(
        color,
        watch,
        caller,
        lambda image, replicas: Expected(color, image, replicas, namespace),
        trades=color is config.active_color or config.canary_percent > 0,
        ledger=ledger.against,
    )


def _exports(  # noqa: PLR0913, PLR0917 - all that is exported
    stack: Names,
    live: LiveTraffic,
    intent: IntentMap,
    limits: ReloadableConfig,
    colors: Mapping[Color, ColorPods],
    database: str,
) -> dict[str, Output[Any] | str]:
    exports: dict[str, Output[Any] | str] = {
        outputs.ACTIVE_COLOR: live.active_color,
        outputs.CANARY_PERCENT: intent.canary_percent,
        outputs.NAMESPACE: stack.namespace,
        outputs.LIVE_SERVICE: names.LIVE_SERVICE,
        outputs.INTENT: names.INTENT,
        outputs.LEDGER: intent.ledger,
        # Only together with the ledger that is there.
        outputs.DATABASE: intent.ledger.apply(lambda _: database),
        outputs.CONFIG_HASH: limits.content_hash,
        outputs.MIGRATIONS: _selector(migration_labels(stack)),
    }
    for color, pods in colors.items():
        exports |= {
            outputs.image_key(color): pods.image,
            outputs.replicas_key(color): pods.replicas,
            outputs.deployment_key(color): stack.deployment(color),
            outputs.service_key(color): stack.deployment(color),
            outputs.selector_key(color): _selector(stack.color_labels(color)),
        }
    return exports


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())
