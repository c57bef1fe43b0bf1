"""The build context: where its Dockerfile is, its digest, and the tar that the engine receives."""

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from testbed.docker_provider import ProviderError
from testbed.docker_provider.ignore import (
    IGNORE_FILE,
    compile_patterns,
    read_patterns,
    walk,
)

_GO_TYPE_LETTER = {"l": "L"}  # Go writes a link's mode with a capital letter


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A folder and the Dockerfile that builds it; both exist."""

    folder: Path
    dockerfile: Path

    @property
    def dockerfile_name(self) -> str:
        """The Dockerfile relative to the context; begins with `../` when it is outside."""
        return Path(os.path.relpath(self.dockerfile.resolve(), self.folder.resolve())).as_posix()

    @property
    def dockerfile_is_outside(self) -> bool:
        """Tell whether the Dockerfile must be added to what is sent."""
        return self.dockerfile_name.startswith("../")


def locate(context: str, dockerfile: str, base: Path) -> BuildContext:
    """Resolve both paths against the program's folder.

    Raises:
        ProviderError: one of the two is not there.
    """
    folder = base / context
    if not folder.is_dir():
        raise ProviderError(
            f"build.context: {context!r} is not a folder. "
            f"It is relative to the program's folder {base}"
        )
    build_context = BuildContext(folder, base / dockerfile)
    if build_context.dockerfile.is_file():
        return build_context
    hint = f"It is relative to the program's folder {base}, not to the context"
    if (folder / dockerfile).is_file():
        hint = f"Try setting `dockerfile` to {str(Path(context) / dockerfile)!r}"
    raise ProviderError(f"build.dockerfile: could not open a Dockerfile at {dockerfile!r}. {hint}")


def digest(context: BuildContext) -> str:
    """Return the SHA-256, in hex, over paths, modes and contents of what is not ignored.

    The Dockerfile counts by its content, whatever its name; links count by where they point, not
    by what is there. What is hashed is laid out as the official provider does, so that a state may
    move between the two.
    """
    total = hashlib.sha256()
    for name, mode, content in _records(context):
        # A path need not be UTF-8.
        total.update(os.fsencode(name) + mode.encode() + content + b"\0")
    return total.hexdigest()


def write_tar(context: BuildContext, target: IO[bytes]) -> str:
    """Write the context as an uncompressed tar; return the Dockerfile's name inside it.

    Owners are left out, so that two machines build the same layers.
    """
    inside = context.dockerfile_name
    if context.dockerfile_is_outside:
        # Named by its content: a random name would defeat the build cache of `COPY . .`.
        inside = f".dockerfile.{_file_hash(context.dockerfile).hex()[:16]}"
    # The builder needs these two even when they are ignored.
    lines = [
        *read_patterns(context.dockerfile, context.folder),
        f"!{IGNORE_FILE}",
        f"!{context.dockerfile_name}",
    ]
    # GNU format, and a short first name: the engine knows a tar by its first 512 bytes.
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        _add_member(archive, context.folder, ".")
        for entry in walk(context.folder, compile_patterns(lines)):
            _add_member(archive, context.folder / entry.path, entry.path)
        if context.dockerfile_is_outside:
            _add_member(archive, context.dockerfile, inside)
    return inside


def _records(context: BuildContext) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, mode as letters, and hash of the content."""
    yield "Dockerfile", "----------", _file_hash(context.dockerfile)
    patterns = compile_patterns(read_patterns(context.dockerfile, context.folder))
    for entry in walk(context.folder, patterns):
        if not entry.is_folder:
            path = context.folder / entry.path
            mode = path.lstat().st_mode
            letters = stat.filemode(mode)
            first = _GO_TYPE_LETTER.get(letters[0], letters[0])
            yield entry.path, first + letters[1:], _content_hash(path, mode)


def _content_hash(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return hashlib.sha256(os.fsencode(path.readlink())).digest()
    return _file_hash(path) if stat.S_ISREG(mode) else hashlib.sha256().digest()


def _file_hash(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _add_member(archive: tarfile.TarFile, path: Path, name: str) -> None:
    try:
        info = archive.gettarinfo(path, arcname=name)
        if info is None:  # pyright: ignore[reportUnnecessaryComparison] - None for a socket
            return
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = int(info.mtime)
        if info.isreg():
            with path.open("rb") as content:
                archive.addfile(info, content)
        else:
            archive.addfile(info)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ProviderError:
    return ProviderError(
        f"build.context: cannot read {path}: {error.strerror}. "
        "Make it readable, or name it in .dockerignore"
    )
