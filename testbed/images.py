"""Images that the platform brings: the base of the bot's image, and the pause image of pods.

Made without an engine: a layer, its config and its manifest are pushed straight to the registry, so
the same layer has the same digest on every start.
"""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from testbed import net
from testbed.paths import Paths
from testbed.shell import PlatformError, long_work, run

PAUSE = "pause:1"
BASE = "python-base"
SUITE = "trixie"
"""Debian 13: Python 3.13."""
_PACKAGES = ("python3", "python3-venv", "ca-certificates")
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_LAYOUT = 1
"""Raise it when `_trim` changes."""
_DELETED = (
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
)
_DOCKER = "application/vnd.docker"
_MANIFEST = f"{_DOCKER}.distribution.manifest.v2+json"
_BASE_SECONDS = 1200
_PUSH_SECONDS = 120
# The host's bundle may hold a proxy's certificate that only this machine knows.
_BASE_CONFIG = {
    "Cmd": ["python3"],
    "Env": [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"SSL_CERT_FILE={_BUNDLE}",
        f"PIP_CERT={_BUNDLE}",
    ],
}
_PAUSE_CONFIG = {"Entrypoint": ["/catatonit", "-P"]}


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one layer, ready to be pushed."""

    name: str
    layer: bytes
    config: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        """The digest that a pull by digest names."""
        return sha256(self.manifest)

    @property
    def reference(self) -> str:
        """Where it is, by digest."""
        return f"{net.REGISTRY}/{self.name.partition(':')[0]}@{self.digest}"


def sha256(content: bytes) -> str:
    """Return the digest as registries spell it.

    >>> sha256(b"")[:15]
    'sha256:e3b0c442'
    """
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def describe(name: str, layer: bytes, diff_id: str, config: dict[str, Any]) -> Image:
    """Return the image around a gzipped layer; the same arguments give the same digest.

    Args:
        name: repository and tag.
        layer: the gzipped tar.
        diff_id: digest of the tar itself.
        config: the `config` object of the image.
    """
    image = {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }
    body = json.dumps(image, sort_keys=True).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _blob(f"{_DOCKER}.container.image.v1+json", body),
        "layers": [_blob(f"{_DOCKER}.image.rootfs.diff.tar.gzip", layer)],
    }
    return Image(name, layer, body, json.dumps(manifest, sort_keys=True).encode())


def _blob(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(content), "digest": sha256(content)}


def pause() -> Image:
    """Debian's static catatonit, alone."""
    content = Path("/usr/bin/catatonit").read_bytes()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("catatonit")
        entry.size, entry.mode = len(content), 0o755
        archive.addfile(entry, io.BytesIO(content))
    tar = buffer.getvalue()
    return describe(PAUSE, gzip.compress(tar, mtime=0), sha256(tar), _PAUSE_CONFIG)


def base_key(bundle: bytes) -> str:
    """Return the cache key of the base layer."""
    facts = [SUITE, _PACKAGES, _DELETED, _LAYOUT, sha256(bundle)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def base_entry(paths: Paths) -> Path:
    """Return where the cache keeps the base layer."""
    return paths.cache / "images" / f"base-{base_key(_BUNDLE.read_bytes())}"


def base(paths: Paths) -> Image:
    """Return the base image; its layer is made when the cache lacks it.

    Raises:
        PlatformError: debootstrap failed.
    """
    entry = base_entry(paths)
    if not entry.exists():
        _make_base(entry)
    layer = (entry / "layer.tar.gz").read_bytes()
    return describe(f"{BASE}:{SUITE}", layer, (entry / "diff_id").read_text(), _BASE_CONFIG)


def _make_base(entry: Path) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".base-") as folder:
        root, out = Path(folder) / "root", Path(folder) / "out"
        out.mkdir()
        with long_work(f"base image: debootstrap of Debian {SUITE} (once; minutes)"):
            # In a mount namespace of its own: what it mounts is gone when it ends, however it ends.
            command = ["unshare", "--mount", "debootstrap", "--variant=minbase"]
            include = f"--include={','.join(_PACKAGES)}"
            run([*command, include, SUITE, root], timeout_seconds=_BASE_SECONDS)
        with long_work("base image: packing the layer"):
            _trim(root)
            tar = Path(folder) / "layer.tar"
            options = ["--numeric-owner", "--sort=name", "--one-file-system", "--xattrs"]
            run(["tar", *options, "-C", root, "-cf", tar, "."], timeout_seconds=_BASE_SECONDS)
            (out / "diff_id").write_text(f"sha256:{_file_hash(tar)}")
            with tar.open("rb") as source, gzip.GzipFile(out / "layer.tar.gz", "wb", 6) as target:
                shutil.copyfileobj(source, target, 1 << 20)
        out.rename(entry)


def _trim(root: Path) -> None:
    """Leave out what no container needs, and put in the bundle of this machine."""
    for name in _DELETED:
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True)
    target = root / _BUNDLE.relative_to("/")
    target.write_bytes(_BUNDLE.read_bytes())
    for device in (root / "dev").iterdir():
        if not device.is_dir():
            device.unlink()  # The engine makes its own.


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def push(image: Image) -> None:
    """Put an image into the registry, unless it is there.

    Raises:
        PlatformError: the registry refused it.
    """
    repository, _, tag = image.name.partition(":")
    url = f"http://{net.REGISTRY}/v2/{repository}"
    with httpx2.Client(timeout=_PUSH_SECONDS, trust_env=False) as client:
        accept = {"Accept": _MANIFEST}
        if client.head(f"{url}/manifests/{image.digest}", headers=accept).is_success:
            return
        for content in (image.layer, image.config):
            _push_blob(client, url, content)
        headers = {"Content-Type": _MANIFEST}
        answer = client.put(f"{url}/manifests/{tag}", content=image.manifest, headers=headers)
        _expect_success(answer)


def _push_blob(client: httpx2.Client, url: str, content: bytes) -> None:
    place = client.post(f"{url}/blobs/uploads/")
    _expect_success(place)
    target = httpx2.URL(place.headers["Location"]).copy_merge_params({"digest": sha256(content)})
    _expect_success(client.put(target, content=content))


def _expect_success(answer: httpx2.Response) -> None:
    if not answer.is_success:
        raise PlatformError(
            f"the registry answered {answer.status_code} to {answer.request.method}"
            f" {answer.request.url}: {answer.text[:500]}\nsee: .venv/bin/testbed logs registry"
        )
