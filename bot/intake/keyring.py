"""The secrets that senders prove themselves with, read anew when their files change."""

import asyncio
import hashlib
import hmac
import stat
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.contract import secrets as names
from bot.process import logs
from bot.process.clock import Clock

LOOK_SECONDS = 0.5
SECRET_BYTES_MAX = 4096
SECRET_BYTES_MIN = 16
"""A shorter one can be guessed, and may be in a body or a log by chance."""

TOKENS = (names.SIGNALS_TOKEN, names.SIGNALS_TOKEN_PREVIOUS)
HMAC_KEYS = (names.SIGNALS_HMAC_KEY, names.SIGNALS_HMAC_KEY_PREVIOUS)

_log = structlog.get_logger(__name__)
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The secrets of one moment; two of a kind while one is being replaced."""

    tokens: tuple[bytes, ...] = ()
    hmac_keys: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self.tokens or self.hmac_keys)

    def has_token(self, token: bytes) -> bool:
        """Whether this is one of the tokens, in a time that does not tell how much of it is."""
        digest = hashlib.sha256(token).digest()
        return _any([hmac.compare_digest(digest, _sha256(own)) for own in self.tokens])

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether one of the keys made this signature (hex) of this message."""
        made = [hmac.digest(key, message, "sha256").hex() for key in self.hmac_keys]
        return _any([hmac.compare_digest(signature, own) for own in made])

    def inside(self, text: bytes) -> bool:
        """Whether the text holds one of the secrets."""
        return any(secret in text for secret in (*self.tokens, *self.hmac_keys))


def _sha256(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _any(matches: list[bool]) -> bool:
    return any(matches)  # of a list: all were compared


class Keyring:
    """Reads at once when built, and then on demand."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._stamps: dict[str, _Stamp] = {}
        self._keys = Keys()
        self._reading = False
        self._looked_at = clock.monotonic()
        self._look()

    async def keys(self) -> Keys:
        """Return the keys; they are at most LOOK_SECONDS old, unless the folder hangs."""
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_SECONDS and not self._reading:
            self._looked_at, self._reading = now, True
            try:
                await asyncio.to_thread(self._look)
            finally:
                self._reading = False
        return self._keys

    def _look(self) -> None:
        if self._folder is None:
            return
        stamps = {
            name: stamp
            for name in (*TOKENS, *HMAC_KEYS)
            if (stamp := _stamp(self._folder / name)) is not None
        }
        if stamps == self._stamps:
            return
        secrets = {name: _read(self._folder / name) for name in stamps}
        self._keys = Keys(
            tuple(secret for name in TOKENS if (secret := secrets.get(name))),
            tuple(secret for name in HMAC_KEYS if (secret := secrets.get(name))),
        )
        self._stamps = stamps
        logs.hide(secret.decode(errors="replace") for secret in secrets.values())
        _log.info("credentials of signals read", names=sorted(n for n, s in secrets.items() if s))


def _stamp(path: Path) -> _Stamp | None:
    """Follows links: Kubernetes swaps the folder that the file's link goes through."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None  # a pipe would block the reader
    return (status.st_mtime_ns, status.st_ino, status.st_size)


def _read(path: Path) -> bytes:
    """Return the secret; one that cannot be read is none, so nobody is let in by mistake."""
    try:
        with path.open("rb") as file:
            secret = file.read(SECRET_BYTES_MAX + 1).strip()
    except OSError as error:
        _log.error("a secret cannot be read", name=path.name, reason=error.strerror)
        return b""
    if len(secret) > SECRET_BYTES_MAX:
        _log.error("a secret is too large", name=path.name, bytes_max=SECRET_BYTES_MAX)
        return b""
    if 0 < len(secret) < SECRET_BYTES_MIN:
        _log.error(
            "a secret is too short and lets nobody in", name=path.name, bytes_min=SECRET_BYTES_MIN
        )
        return b""
    return secret
