"""Binds the guard and the wait to steps of the engine. Hooks do not run in previews."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from pulumi import (
    Output,
    ResourceHook,
    ResourceHookArgs,
    ResourceHookBinding,
    RunError,
    export,
)

from bot.contract.color import Color
from infra.guard.limits import LimitsWait
from infra.guard.readiness import Expected
from infra.guard.release_mark import Caller
from infra.guard.watch import (
    Against,
    Guard,
    RefusedError,
    Target,
    Watch,
    allow_pods_change,
    nothing_against,
    wait_for_pods,
)

Authority = Callable[[Mapping[str, Any]], object]
"""Reads from a resource's inputs what decides who trades."""

Template = Callable[[str, int], Expected]
"""Makes of a Deployment's image and number of pods what its color must show."""

Callback = Callable[[ResourceHookArgs], Awaitable[None]]


def target(expected: Output[Expected]) -> Target:
    """Return what a color is expected to show, once the engine knows it."""

    async def resolve() -> Expected:
        known = await expected.future()
        if known is None:
            raise RuntimeError("the engine has not applied this color yet")
        return known

    return resolve


def pod_hooks(  # noqa: PLR0913 - what both hooks need
    color: Color,
    watch: Watch,
    caller: Caller,
    expected: Template,
    *,
    trades: bool,
    ledger: Against,
) -> ResourceHookBinding:
    """Ask before each step of a color's Deployment, and wait for its pods after it."""
    before = ResourceHook(
        f"guard-{color}", before_pods_change(watch, caller, expected, trades=trades, ledger=ledger)
    )
    after = ResourceHook(f"wait-{color}", after_pods_change(watch, caller, expected))
    return ResourceHookBinding(
        before_create=[before], before_update=[before], after_create=[after], after_update=[after]
    )


def guard_hooks(
    name: str, guard: Guard, authority: Authority, *, on_create: bool
) -> ResourceHookBinding:
    """Ask the guard before a step that moves authority.

    Args:
        name: unique name of the hook.
        guard: decides once for the whole `up`.
        authority: what the step would move.
        on_create: whether the creation moves authority, too.
    """
    hook = ResourceHook(name, before_authority_moves(guard, authority))
    return ResourceHookBinding(before_create=[hook] if on_create else None, before_update=[hook])


def before_pods_change(
    watch: Watch,
    caller: Caller,
    expected: Template,
    *,
    trades: bool,
    ledger: Against = nothing_against,
) -> Callback:
    """Return the hook that refuses the step by a release's marks, or by what the ledger is."""

    async def ask(args: ResourceHookArgs) -> None:
        desired = expected(*_template(args.new_inputs or {}))
        trading = [desired] if trades and desired.replicas else []
        await allow_pods_change(watch, caller, trading, ledger)

    return ask


def after_pods_change(watch: Watch, caller: Caller, expected: Template) -> Callback:
    """Return the hook that waits for the pods of the Deployment that was just applied."""

    async def settle(args: ResourceHookArgs) -> None:
        image, replicas = _template(args.new_outputs or {})
        await wait_for_pods(watch, caller, expected(image, replicas))

    return settle


def before_authority_moves(guard: Guard, authority: Authority) -> Callback:
    """Return the hook that asks the guard, unless the step leaves authority where it is."""

    async def ask(args: ResourceHookArgs) -> None:
        old = authority(args.old_inputs) if args.old_inputs else None
        if old is None or old != authority(args.new_inputs or {}):
            await guard.allow()

    return ask


async def after_everything(
    wait: LimitsWait, exports: Mapping[str, Any], key: str, *, before: str
) -> None:
    """Return when every ready pod has told that it took the limits, if they changed.

    Nothing else of the `up` waits for this. What changed is judged by the last `up` that saw it
    through, so the next one makes up for one that failed: until then the former hash is exported.

    Args:
        wait: asks the pods.
        exports: what the stack exports; known once all of it was applied.
        key: which of them is the hash of the limits.
        before: what that was after the last complete `up`.

    Raises:
        RunError: a pod has not taken them; names it.
    """
    for name, value in {**exports, key: before}.items():
        export(name, value)
    applied = await Output.all(**exports).future()
    if applied is None or applied[key] == before:
        return
    try:
        await wait.until_taken(str(applied[key]))
    except RefusedError as error:
        raise RunError(str(error)) from None


def selector(inputs: Mapping[str, Any]) -> object:
    """Read which pods a Service selects."""
    return cast("object", inputs["spec"]["selector"])


def data(inputs: Mapping[str, Any]) -> object:
    """Read what a ConfigMap says."""
    return cast("object", inputs["data"])


def _template(outputs: Mapping[str, Any]) -> tuple[str, int]:
    """Read image and number of pods of a Deployment."""
    spec = outputs["spec"]
    return str(spec["template"]["spec"]["containers"][0]["image"]), int(spec.get("replicas") or 0)
