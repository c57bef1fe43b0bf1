"""Messages arrive whatever the receiver does; a dead one delays nobody; no secret is shown."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.adapters.message_sinks import (
    IDEMPOTENCY_HEADER,
    Sink,
    Slack,
    Telegram,
    Webhook,
    retry_after_seconds,
    sinks_of,
)
from release.adapters.messages import (
    QUEUE_MESSAGES,
    Clock,
    Delivery,
    MessageError,
    Messages,
)
from release.decide.model import Message, Severity

SECRET = "hush-hush"  # noqa: S105 - planted, to be looked for
MESSAGE = Message("r-1/7", Severity.BAD, "staging: rolled back <b>", ("5 % & more", "", "image x"))
QUICK = Delivery(request=5, deadline=60, backoff_min=0.5, backoff_max=8)
"""A try ends by itself long before, also on a loaded machine; the pauses are a fake clock's."""
IMPATIENT = Delivery(request=0.1, deadline=60, backoff_min=0.5, backoff_max=8)
LOST = "lost"
HANG = "hang"
RESET = "reset"
Fault = int | str


@dataclass
class FakeClock(Clock):
    """Time that passes only by sleeping."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list[float])

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Receiver:
    """A server that fails as planned, one fault for each request, and then takes all."""

    faults: list[Fault] = field(default_factory=list[Fault])
    retry_after: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heads: list[str] = field(default_factory=list[str])
    lost: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{SECRET}"

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["Receiver"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await self._head(reader):
                length = int(head.lower().partition("content-length: ")[2].partition("\r")[0])
                body = json.loads(await reader.readexactly(length))
                if not await self._answer(head, body, writer):
                    return
        finally:
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return ""

    async def _answer(self, head: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        fault = self.faults.pop(0) if self.faults else 200
        if fault == RESET:
            return False
        if fault in (200, LOST, HANG):
            self.heads.append(head)
            self.taken.append(body)
        if fault == LOST:
            self.lost += 1
            return False
        if fault == HANG:
            self.lost += 1
            await asyncio.sleep(1)
            return False
        extra = f"Retry-After: {self.retry_after}\r\n" if self.retry_after else ""
        writer.write(f"HTTP/1.1 {fault} X\r\n{extra}Content-Length: 2\r\n\r\nok".encode())
        await writer.drain()
        return True


WEBHOOK = "webhook"


@dataclass
class RecordingSender:
    """Sends through one receiver; notes what failed."""

    sinks: list[Sink]
    failures: list[str] = field(default_factory=list[str])
    clock: FakeClock = field(default_factory=FakeClock)

    async def send(self, *messages: Message) -> "RecordingSender":
        sender = Messages(self.sinks, QUICK, self.clock, Random(1))  # noqa: S311 - a seed
        sends = [sender.send(message, place) for message in messages for place in sender.places]
        sent = await asyncio.gather(*sends, return_exceptions=True)
        self.failures += [str(error) for error in sent if error]
        await sender.close()
        return self


def numbered(count: int) -> list[Message]:
    return [Message(f"r-1/{number}", Severity.INFO, f"step {number}") for number in range(count)]


@pytest.mark.parametrize(
    "faults",
    [[429], [500, 502, 503, 504], [408, 425], [RESET, RESET], [LOST], [500, LOST, 429]],
)
async def test_a_message_arrives_whatever_went_wrong_before(faults: list[Fault]) -> None:
    async with Receiver([*faults]).serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(MESSAGE)
    assert sender.failures == []
    assert len(receiver.taken) == 1 + receiver.lost
    assert {taken["key"] for taken in receiver.taken} == {MESSAGE.key}
    assert len(sender.clock.slept) == len(faults)


async def test_a_receiver_that_does_not_answer_in_time_is_asked_again() -> None:
    async with Receiver([HANG]).serving() as receiver:
        sender = Messages([Webhook(receiver.url)], IMPATIENT, FakeClock())
        await sender.send(MESSAGE, WEBHOOK)
        await sender.close()
    assert len(receiver.taken) >= 2
    assert {taken["key"] for taken in receiver.taken} == {MESSAGE.key}


@settings(max_examples=15)
@given(st.lists(st.sampled_from([429, 500, 503, RESET, LOST]), max_size=8), st.integers(1, 5))
async def test_nothing_is_lost_or_out_of_order_and_only_a_lost_reply_doubles(
    faults: list[Fault], count: int
) -> None:
    async with Receiver([*faults]).serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(*numbered(count))
    keys = [taken["key"] for taken in receiver.taken]
    assert sender.failures == []
    assert list(dict.fromkeys(keys)) == [message.key for message in numbered(count)]
    assert keys == sorted(keys)
    assert len(keys) == count + receiver.lost


async def test_pauses_grow_and_are_bounded() -> None:
    async with Receiver([500] * 8).serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(MESSAGE)
    limits = [0.5, 1, 2, 4, 8, 8, 8, 8]
    assert all(
        limit / 2 <= pause <= limit for pause, limit in zip(sender.clock.slept, limits, strict=True)
    )


async def test_a_receiver_that_asks_for_a_pause_gets_it() -> None:
    async with Receiver([429, 503], retry_after="7").serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(MESSAGE)
    assert sender.clock.slept == [7, 7]


async def test_a_message_has_a_deadline_and_its_failure_is_told_without_the_address() -> None:
    async with Receiver([503] * 99).serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(MESSAGE)
    (failure,) = sender.failures
    assert failure.startswith(f"webhook was not told {MESSAGE.title!r}: HTTP 503, after ")
    assert sender.clock.time <= QUICK.deadline
    assert SECRET not in failure


async def test_a_pause_longer_than_the_deadline_is_not_waited_for() -> None:
    async with Receiver([429], retry_after="86400").serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(MESSAGE)
    assert sender.clock.slept == []
    assert "HTTP 429, after 1 tries" in sender.failures[0]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
async def test_what_trying_again_cannot_help_is_told_at_once(status: int) -> None:
    async with Receiver([status]).serving() as receiver:
        sender = await RecordingSender([Webhook(receiver.url)]).send(MESSAGE, *numbered(1))
    assert sender.clock.slept == []
    assert f"HTTP {status}, after 1 tries" in sender.failures[0]
    assert [taken["key"] for taken in receiver.taken] == ["r-1/0"]


@pytest.mark.parametrize("url", [f"http://127.0.0.1:9/{SECRET}", f"http://[{SECRET}", ""])
async def test_an_address_that_nobody_answers_is_told_without_it(url: str) -> None:
    sender = await RecordingSender([Slack(url)]).send(MESSAGE)
    (failure,) = sender.failures
    assert SECRET not in failure
    assert "Slack was not told" in failure


async def test_a_key_that_was_sent_is_not_sent_again() -> None:
    async with Receiver().serving() as receiver:
        sender = Messages([Webhook(receiver.url)], QUICK)
        await asyncio.gather(sender.send(MESSAGE, WEBHOOK), sender.send(MESSAGE, WEBHOOK))
        await sender.send(numbered(1)[0], WEBHOOK)
        await sender.send(MESSAGE, WEBHOOK)
        await sender.close()
    assert [taken["key"] for taken in receiver.taken] == [MESSAGE.key, "r-1/0"]


async def test_a_message_that_was_refused_is_tried_again_when_it_is_sent_again() -> None:
    async with Receiver([403]).serving() as strict:
        sender = Messages([Webhook(strict.url)], QUICK)
        with pytest.raises(MessageError, match="webhook was not told"):
            await sender.send(MESSAGE, WEBHOOK)
        await sender.send(MESSAGE, WEBHOOK)
        await sender.close()
    assert len(strict.taken) == 1


async def test_a_dead_place_delays_no_other_place_and_its_end_is_told() -> None:
    async with Receiver([HANG] * 9).serving() as dead, Receiver().serving() as well:
        sender = Messages([Webhook(dead.url), Slack(well.url)], QUICK)
        tasks = [asyncio.create_task(sender.send(message, WEBHOOK)) for message in numbered(3)]
        await asyncio.gather(*(sender.send(message, "Slack") for message in numbered(3)))
        async with asyncio.timeout(5):
            while not dead.taken:  # noqa: ASYNC110 - another connection is waited for
                await asyncio.sleep(0.01)
        assert len(well.taken) == 3
        assert not any(task.done() for task in tasks)
        async with asyncio.timeout(1):
            await sender.close()
            failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert all("webhook was not told: this process ended" in str(error) for error in failures)


async def test_a_sender_that_stops_waiting_takes_the_message_from_nobody_else() -> None:
    async with Receiver([500]).serving() as receiver:
        sender = Messages([Webhook(receiver.url)], QUICK, FakeClock())
        impatient = asyncio.create_task(sender.send(MESSAGE, WEBHOOK))
        patient = asyncio.create_task(sender.send(MESSAGE, WEBHOOK))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        await sender.close()
    assert len(receiver.taken) == 1


async def test_a_queue_is_bounded_and_what_does_not_fit_is_told() -> None:
    sender = Messages([Slack("http://127.0.0.1:9")], QUICK)
    messages = numbered(QUEUE_MESSAGES + 2)
    tasks = [asyncio.create_task(sender.send(message, "Slack")) for message in messages]
    await asyncio.sleep(0)
    await sender.close()
    failures = [str(error) for error in await asyncio.gather(*tasks, return_exceptions=True)]
    assert sum("messages wait already" in failure for failure in failures) == 2
    assert sum("this process ended" in failure for failure in failures) == QUEUE_MESSAGES


async def test_nothing_to_tell_is_closed_at_once() -> None:
    await Messages([Slack("http://127.0.0.1:9")]).close()
    assert not Messages([]).places


async def test_no_log_line_holds_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Receiver().serving() as receiver:
        await RecordingSender([Slack(receiver.url)]).send(MESSAGE)
    assert SECRET not in caplog.text


def sent(sink: Sink) -> tuple[str, dict[str, Any], dict[str, str]]:
    post = sink.post(MESSAGE)
    assert SECRET not in repr(sink)
    assert SECRET not in repr(post)
    return post.url, json.loads(post.body), dict(post.headers)


def test_slack_gets_escaped_text_with_a_bold_title() -> None:
    url, body, _ = sent(Slack(f"https://hooks.example/{SECRET}"))
    assert url.endswith(SECRET)
    assert body == {"text": "*↩ staging: rolled back &lt;b&gt;*\n5 % &amp; more\nimage x"}


def test_telegram_gets_plain_text_and_is_loud_only_for_bad_news() -> None:
    url, body, _ = sent(Telegram(SECRET, "-100"))
    assert url.endswith(f"/bot{SECRET}/sendMessage")
    assert body["text"] == "↩ staging: rolled back <b>\n5 % & more\nimage x"
    assert (body["chat_id"], body["disable_notification"]) == ("-100", False)


def test_a_webhook_gets_the_message_as_it_is_and_its_key_as_a_header() -> None:
    _, body, headers = sent(Webhook("https://x.example", SECRET))
    assert body["key"] == headers[IDEMPOTENCY_HEADER] == "r-1/7"
    assert (body["severity"], body["lines"]) == ("bad", ["5 % & more", "", "image x"])
    assert headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("sink", [Slack("https://x"), Telegram("t", "1"), Webhook("https://x")])
@given(st.text(), st.text(), st.sampled_from(Severity))
def test_no_text_is_too_odd_or_too_long_to_be_sent(
    sink: Sink, title: str, line: str, severity: Severity
) -> None:
    for text in (title, title * 500):
        body = json.loads(sink.post(Message(text, severity, text, (line * 500,))).body)
        assert len(str(body.get("text", "")).encode("utf-16-le")) < 2 * 4096 or "Slack" in sink.name


def test_places_come_from_the_environment() -> None:
    env = {
        "SLACK_WEBHOOK_URL": "https://s.example",
        "TELEGRAM_BOT_TOKEN": SECRET,
        "TELEGRAM_CHAT_ID": "1",
        "RELEASE_WEBHOOK_URL": "https://w.example",
    }
    assert [sink.name for sink in sinks_of(env)] == ["Slack", "Telegram", "webhook"]
    assert sinks_of({}) == sinks_of({"SLACK_WEBHOOK_URL": ""}) == []


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"TELEGRAM_BOT_TOKEN": SECRET}, "TELEGRAM_CHAT_ID: is not set"),
        ({"TELEGRAM_CHAT_ID": "1"}, "TELEGRAM_BOT_TOKEN: is not set"),
        ({"SLACK_WEBHOOK_URL": SECRET}, "SLACK_WEBHOOK_URL: is not a URL"),
    ],
)
def test_a_setting_that_is_half_there_is_refused_without_its_value(
    env: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        sinks_of(env)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, b"", 7),
        ({}, b'{"ok": false, "parameters": {"retry_after": 5}}', 5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", None),
        ({"retry-after": "-1"}, b"", None),
        ({"retry-after": "inf"}, b"[]", None),
        ({}, b'{"parameters": 7}', None),
        ({}, b"\xff", None),
        ({}, b"", None),
    ],
)
def test_a_requested_pause_is_read_where_it_is_a_number(
    headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    assert retry_after_seconds(headers, body) == seconds
