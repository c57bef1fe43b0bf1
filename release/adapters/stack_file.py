"""Reads and writes single keys of `Pulumi.<stack>.yaml`, the one lever that moves anything.

A person reads the same file, so nothing but the asked-for value may change: the parser only says
where a value stands, and the text there is exchanged. All other bytes stay by construction, and
what came out is parsed again before it replaces the file.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from release.adapters import yaml_text
from release.adapters.yaml_nodes import EditError
from release.decide.model import Scalar
from release.drive.ports import Config, PortError

CONFIG = "config"


class StackFileError(PortError):
    """The file cannot be read or changed; the text names file, key and what would be right."""


@dataclass(frozen=True, slots=True)
class StackFile(Config):
    """The config of one stack: the port `Config`."""

    path: Path
    project: str

    @override
    def read(self) -> Mapping[str, object]:
        try:
            return yaml_text.plain_values(self._text(), CONFIG)
        except EditError as error:
            raise self._failure("config", error) from error

    @override
    def write(self, changes: Mapping[str, Scalar]) -> bool:
        before = after = self._text()
        for key, value in changes.items():
            try:
                after = yaml_text.with_value(after, self._path(key), value)
            except EditError as error:
                raise self._failure(f"{key} = {value!r}", error) from error
        if after == before:
            return False
        try:
            _replace(self.path, after)
        except OSError as error:
            raise self._failure(", ".join(changes), error) from error
        return True

    def _path(self, key: str) -> tuple[str, ...]:
        first, *rest = key.split(".")
        return (CONFIG, f"{self.project}:{first}", *rest)

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode()
        except FileNotFoundError as error:
            text = f"{self.path}: there is no such stack config; `pulumi stack init NAME` makes it"
            raise StackFileError(text) from error
        except (OSError, UnicodeDecodeError) as error:
            raise StackFileError(f"{self.path}: cannot be read: {error}") from error

    def _failure(self, what: str, error: Exception) -> StackFileError:
        return StackFileError(f"{self.path.name}: {what}: {error}")


def _replace(path: Path, text: str) -> None:
    """Exchange the file as a whole: who reads meanwhile sees the old one or the new one."""
    target = path.resolve()  # a link stays a link
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
