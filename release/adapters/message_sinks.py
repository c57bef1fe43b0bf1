"""Where messages go, and in which words: Slack, Telegram, any webhook. Pure.

Addresses and tokens are secrets: they are never in a representation, and no error repeats them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from release.decide.model import Message, Severity

SLACK_URL_ENV = "SLACK_WEBHOOK_URL"
TELEGRAM_TOKEN_ENV = "TELEGRAM_BOT_TOKEN"  # noqa: S105 -- the name of a variable, not a secret
TELEGRAM_CHAT_ENV = "TELEGRAM_CHAT_ID"
WEBHOOK_URL_ENV = "RELEASE_WEBHOOK_URL"
WEBHOOK_TOKEN_ENV = "RELEASE_WEBHOOK_TOKEN"  # noqa: S105 -- the name of a variable, not a secret

IDEMPOTENCY_HEADER = "Idempotency-Key"
"""Of a webhook: the same for every try of one message, so that a receiver can tell."""
_TELEGRAM = "https://api.telegram.org"
_SLACK_CHARACTERS = 3000
_TELEGRAM_CHARACTERS = 2000
"""The limit is 4096 units of UTF-16, of which a character may take two."""
_SIGNS = {
    Severity.INFO: "\N{INFORMATION SOURCE}",
    Severity.GOOD: "\N{WHITE HEAVY CHECK MARK}",
    Severity.BAD: "\N{LEFTWARDS ARROW WITH HOOK}",
    Severity.URGENT: "\N{POLICE CARS REVOLVING LIGHT}",
}


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])


class Sink(Protocol):
    """A place that messages go to."""

    @property
    def name(self) -> str:
        """Return what people call it."""
        ...

    def post(self, message: Message) -> Post:
        """Return the request that sends a message there."""
        ...


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack."""

    url: str = field(repr=False)
    name: str = "Slack"

    def post(self, message: Message) -> Post:
        """Return the request; what is not ours to format is escaped as Slack asks for it."""
        title, *lines = (_escaped(line) for line in _lines(message))
        text = _cut("\n".join([f"*{title}*", *lines]), _SLACK_CHARACTERS)
        return _json(self.url, {"text": text})


@dataclass(frozen=True, slots=True)
class Telegram:
    """A bot of Telegram in one chat."""

    token: str = field(repr=False)
    chat: str
    base_url: str = _TELEGRAM
    name: str = "Telegram"

    def post(self, message: Message) -> Post:
        """Return the request. Plain text: nothing of a message can be taken for markup."""
        text = _cut("\n".join(_lines(message)), _TELEGRAM_CHARACTERS)
        quiet = message.severity in (Severity.INFO, Severity.GOOD)
        content = {"chat_id": self.chat, "text": text, "disable_notification": quiet}
        return _json(f"{self.base_url}/bot{self.token}/sendMessage", content)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Any address that takes JSON."""

    url: str = field(repr=False)
    token: str = field(repr=False, default="")
    name: str = "webhook"

    def post(self, message: Message) -> Post:
        """Return the request: the message as it is, with its key as a header, too."""
        content = {
            "key": message.key,
            "severity": message.severity,
            "title": message.title,
            "lines": list(message.lines),
        }
        headers = {IDEMPOTENCY_HEADER: message.key.encode("ascii", "backslashreplace").decode()}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return _json(self.url, content, headers)


def sinks_of(env: Mapping[str, str]) -> list[Sink]:
    """Return where this environment wants messages to go; nowhere is fine.

    Raises:
        ValueError: a setting is only half there, or no URL; names the variable, never its value.
    """
    for name in (SLACK_URL_ENV, WEBHOOK_URL_ENV):
        if env.get(name) and not env[name].startswith(("https://", "http://")):
            raise ValueError(f"{name}: is not a URL; it must start with https://")
    sinks: list[Sink] = []
    if url := env.get(SLACK_URL_ENV):
        sinks.append(Slack(url))
    token, chat = env.get(TELEGRAM_TOKEN_ENV, ""), env.get(TELEGRAM_CHAT_ENV, "")
    if bool(token) != bool(chat):
        missing = TELEGRAM_CHAT_ENV if token else TELEGRAM_TOKEN_ENV
        raise ValueError(f"{missing}: is not set, but the other half of Telegram is")
    if token:
        sinks.append(Telegram(token, chat))
    if url := env.get(WEBHOOK_URL_ENV):
        sinks.append(Webhook(url, env.get(WEBHOOK_TOKEN_ENV, "")))
    return sinks


def _lines(message: Message) -> list[str]:
    return [f"{_SIGNS[message.severity]} {message.title}", *filter(None, message.lines)]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    return f"{text[: characters - 2]}\n…"


def _json(url: str, content: object, headers: Mapping[str, str] | None = None) -> Post:
    body = json.dumps(content).encode()
    return Post(url, body, {"Content-Type": "application/json", **(headers or {})})


def retry_after_seconds(headers: Mapping[str, str], body: bytes) -> float | None:
    """Return how long a receiver asks to be left alone: Retry-After, or Telegram's own field."""
    if (seconds := _seconds(headers.get("retry-after"))) is not None:
        return seconds
    try:
        payload = cast("Mapping[str, object]", json.loads(body))
        parameters = cast("Mapping[str, object]", payload["parameters"])
        return _seconds(parameters["retry_after"])
    except (ValueError, KeyError, TypeError):
        return None


def _seconds(value: object) -> float | None:
    """Read whole seconds; a date or anything else is not a number of them."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
