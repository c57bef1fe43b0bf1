"""What the program asks for: defaults, checks, and the typed form that a build needs.

`complete` is the provider's Check: it fills in what the official provider fills in, the hidden
`build.contextDigest` included, so that comparing inputs alone decides whether to rebuild.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from testbed.docker_provider import ProviderError, context, names
from testbed.docker_provider.values import Properties, contains_unknown, is_unknown

BUILDER_VERSIONS = {"BuilderV1": "1", "BuilderBuildKit": "2"}
_DEFAULT_BUILDER = "BuilderBuildKit"


@dataclass(frozen=True, slots=True)
class Registry:
    """Where to push, and as which user; empty texts mean: not given."""

    server: str = ""
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """All that a build needs, every value known."""

    name: str
    context: str
    dockerfile: str
    platform: str
    target: str
    network: str
    builder: str
    """The Engine API's version of the builder: `1` or `2` (BuildKit)."""
    args: Mapping[str, str]
    extra_hosts: tuple[str, ...]
    cache_from: tuple[str, ...]
    skip_push: bool
    registry: Registry


def complete(news: Properties, base: Path, default_platform: str) -> tuple[Properties, bool]:
    """Return the inputs with defaults and digest, and whether the platform was chosen here.

    Args:
        news: what the program said; may hold unknown values, which stay.
        base: the folder that relative paths start from.
        default_platform: what to build for when the program does not say, such as `linux/amd64`.
    """
    inputs = dict(news)
    on_preview = inputs.get("buildOnPreview")
    inputs["buildOnPreview"] = False if is_unknown(on_preview) else bool(on_preview)
    _check_name(inputs)
    build = inputs.get("build", {})
    if is_unknown(build):
        return inputs, False
    build = dict(cast("Properties", build))
    inputs["build"] = build
    _check_builder(build)
    _locate_and_digest(build, base)
    chosen_here = "platform" not in build
    build.setdefault("platform", default_platform)
    return inputs, chosen_here


def parse(inputs: Properties) -> Image:
    """Return the typed form of completed inputs.

    Raises:
        ProviderError: a value has the wrong type, or is still unknown.
    """
    build = _bag(inputs, "build", "build")
    registry = _bag(inputs, "registry", "registry")
    args = _bag(build, "args", "build.args")
    return Image(
        name=_text(inputs, "imageName", "imageName"),
        context=_text(build, "context", "build.context"),
        dockerfile=_text(build, "dockerfile", "build.dockerfile"),
        platform=_text(build, "platform", "build.platform"),
        target=_text(build, "target", "build.target"),
        network=_text(build, "network", "build.network"),
        builder=BUILDER_VERSIONS[build.get("builderVersion", _DEFAULT_BUILDER)],
        args={key: _text(args, key, f"build.args.{key}") for key in sorted(args)},
        extra_hosts=_texts(build, "addHosts", "build.addHosts"),
        cache_from=_texts(
            _bag(build, "cacheFrom", "build.cacheFrom"), "images", "build.cacheFrom.images"
        ),
        skip_push=bool(inputs.get("skipPush", False)),
        registry=Registry(
            *(_text(registry, key, f"registry.{key}") for key in ("server", "username", "password"))
        ),
    )


def can_build_in_preview(inputs: Properties) -> bool:
    """Tell whether a preview shall build and knows enough to do it."""
    return bool(inputs.get("buildOnPreview")) and not contains_unknown(inputs)


def _check_name(inputs: Properties) -> None:
    name = inputs.get("imageName")
    if name is None:
        raise ProviderError("imageName: missing. Say `registry/repository:tag`")
    pushes = not inputs.get("skipPush", False)
    if pushes and not is_unknown(name):
        names.parse(str(name))


def _check_builder(build: Properties) -> None:
    version = build.get("builderVersion", _DEFAULT_BUILDER)
    if version not in BUILDER_VERSIONS and not is_unknown(version):
        allowed = " or ".join(BUILDER_VERSIONS)
        raise ProviderError(f"build.builderVersion: {version!r} is no builder. Use {allowed}")


def _locate_and_digest(build: Properties, base: Path) -> None:
    folder = build.setdefault("context", ".")
    if is_unknown(folder):
        return
    dockerfile = build.setdefault("dockerfile", (Path(str(folder)) / "Dockerfile").as_posix())
    if is_unknown(dockerfile):
        return
    located = context.locate(str(folder), str(dockerfile), base)
    build["contextDigest"] = context.digest(located)


def _bag(properties: Properties, key: str, path: str) -> Properties:
    value = properties.get(key, {})
    if not isinstance(value, dict):
        raise _wrong(path, value, "a map")
    return cast("Properties", value)


def _text(properties: Properties, key: str, path: str) -> str:
    value = properties.get(key, "")
    if not isinstance(value, str) or is_unknown(value):
        raise _wrong(path, value, "a text")
    return value


def _texts(properties: Properties, key: str, path: str) -> tuple[str, ...]:
    values = properties.get(key, [])
    if not isinstance(values, list):
        raise _wrong(path, values, "a list of texts")
    items = cast("list[Any]", values)
    return tuple(_text({"item": item}, "item", path) for item in items)


def _wrong(path: str, value: object, right: str) -> ProviderError:
    if is_unknown(value):
        return ProviderError(f"{path}: not known yet, and a build needs it")
    # The value is not shown: build arguments and passwords may be secret.
    return ProviderError(f"{path}: expected {right}, got {type(value).__name__}")
