"""Secrets, one file each, as Kubernetes mounts them. Values leave this module only wrapped."""

from pathlib import Path

from pydantic import SecretStr

VALUE_BYTES_MAX = 1 << 20  # what Kubernetes allows for a whole Secret


class SecretsError(Exception):
    """A secret cannot be read; the text names the file, never a value."""


def read_secrets(folder: Path | None) -> dict[str, SecretStr]:
    """Return name → value of every file; hidden entries (`..data`) are how Kubernetes swaps them.

    Raises:
        SecretsError: the folder or a file cannot be read, or holds no text.
    """
    if folder is None:
        return {}
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".")]
        return {path.name: _read(path) for path in sorted(files) if path.is_file()}
    except OSError as error:
        raise SecretsError(
            f"{folder}: {error.strerror}; mount the Secret there, readable by the bot's user"
        ) from error


def _read(path: Path) -> SecretStr:
    if path.stat().st_size > VALUE_BYTES_MAX:
        raise SecretsError(f"{path}: larger than {VALUE_BYTES_MAX} bytes; write one value per file")
    try:
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except UnicodeDecodeError:
        raise SecretsError(f"{path}: is not UTF-8 text; write one value per file") from None
