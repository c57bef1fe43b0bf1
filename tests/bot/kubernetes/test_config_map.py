import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from bot.intent.state import IntentState
from bot.kubernetes.config_map import (
    ANSWER_BYTES_MAX,
    Access,
    ConfigMapWatch,
    Timings,
    WatchError,
    split_lines,
)
from bot.process.clock import Clock
from tests.support.fake_kubernetes import NAME, NAMESPACE, Cut, FakeKubernetes
from tests.support.fakes import BLUE, GREEN, serving, until

QUICK = Timings(watch=1, silence=0.3, connect=0.5, pause=0.05, backoff_min=0.02, backoff_max=0.1)


class Followed:
    """A source that follows a fake API server, and what it has seen."""

    def __init__(self, api: FakeKubernetes, token_file: Path) -> None:
        self.api = api
        self.token_file = token_file
        self.state = IntentState(Color.BLUE, Clock())

    async def sees(self, color: Color, seconds: float = 4) -> float:
        return await until(
            lambda: self.state.intent is not None and self.state.intent.active_color is color,
            seconds,
        )


@pytest.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Followed]:
    api = FakeKubernetes(data=BLUE.to_data())
    token_file = tmp_path / "token"
    token_file.write_text("token-1\n")
    async with serving(api.app) as url:
        follower = Followed(api, token_file)
        access = Access(url, NAMESPACE, NAME, token_file, ca_file=None)
        source = ConfigMapWatch(access, Clock(), Random(1), QUICK)  # noqa: S311 - spreads retries
        task = asyncio.create_task(source.run(follower.state))
        await follower.sees(Color.BLUE)
        await until(lambda: api.watches > 0)
        await asyncio.sleep(0.05)
        yield follower
        task.cancel()
        api.trouble = ""


async def test_a_change_is_seen_within_200_ms(followed: Followed) -> None:
    followed.api.apply(GREEN.to_data())
    assert await followed.sees(Color.GREEN) < 0.2
    assert followed.state.generation == "u-1/101"


async def test_a_change_between_two_watches_is_not_lost(followed: Followed) -> None:
    followed.api.data = GREEN.to_data()
    followed.api.version += 1  # no watcher is told
    await followed.sees(Color.GREEN, QUICK.watch + 1)
    assert followed.api.lists == 1, "a watch that ended by itself needs no new list"
    assert followed.state.source_errors == 0


async def test_a_cut_connection_is_followed_anew(followed: Followed) -> None:
    followed.api.send_raw(Cut())
    followed.api.data = GREEN.to_data()
    await followed.sees(Color.GREEN, 1)
    assert followed.state.source_errors == 1


async def test_410_gone_leads_to_a_new_list(followed: Followed) -> None:
    followed.api.data = GREEN.to_data()
    followed.api.gone()
    await followed.sees(Color.GREEN, 1)
    assert followed.api.lists == 2


async def test_a_connection_that_falls_silent_is_noticed_in_seconds(followed: Followed) -> None:
    followed.api.trouble = "silent"
    await until(lambda: followed.state.source_errors > 0, QUICK.watch + 2)
    followed.api.trouble = ""
    followed.api.data = GREEN.to_data()
    await followed.sees(Color.GREEN, 3)


async def test_a_hanging_server_is_noticed_and_the_intent_stays(followed: Followed) -> None:
    followed.api.trouble = "hang"
    followed.api.send_raw(Cut())
    await until(lambda: followed.state.source_errors >= 2, 5)
    assert followed.state.intent == BLUE
    followed.api.trouble = ""
    followed.api.data = GREEN.to_data()
    await followed.sees(Color.GREEN, 3)


@pytest.mark.parametrize("trouble", ["refuse", "garbage"])
async def test_a_server_in_trouble_changes_nothing_and_is_not_hammered(
    followed: Followed, trouble: str
) -> None:
    followed.api.trouble = trouble
    followed.api.send_raw(Cut())
    await asyncio.sleep(1)
    assert followed.state.intent == BLUE
    assert followed.state.source_error
    assert 2 <= followed.state.source_errors < 30
    followed.api.trouble = ""
    await until(lambda: followed.state.source_error is None)


@pytest.mark.parametrize(
    "content",
    [
        b"not json\n",
        b"{}\n",
        b'{"type":"MODIFIED","object":{}}\n',
        b'{"type":"MODIFIED","object":{"metadata":{"name":"bot-intent"},"data":{"a":1}}}\n',
        b'{"type":"NEWS","object":{}}\n',
        b'{"type":"ERROR","object":{"code":500,"message":"etcd"}}\n',
        b"x" * (ANSWER_BYTES_MAX + 1),
    ],
)
async def test_garbage_in_a_watch_leads_to_a_new_list(followed: Followed, content: bytes) -> None:
    followed.api.data = GREEN.to_data()
    followed.api.send_raw(content)
    await followed.sees(Color.GREEN, 2)
    assert followed.state.source_errors == 1


async def test_a_bad_configmap_keeps_the_last_good_intent(followed: Followed) -> None:
    followed.api.apply({"activeColor": "purple"})
    await until(lambda: followed.state.invalid is not None)
    assert followed.state.intent == BLUE
    followed.api.apply(GREEN.to_data())
    await followed.sees(Color.GREEN)
    assert followed.state.invalid is None


async def test_a_deleted_configmap_keeps_the_last_good_intent(followed: Followed) -> None:
    followed.api.apply(None, "DELETED")
    await until(lambda: "deleted" in str(followed.state.invalid))
    followed.api.gone()
    await until(lambda: "no such ConfigMap" in str(followed.state.invalid))
    assert followed.state.intent == BLUE
    followed.api.apply(GREEN.to_data(), "ADDED")
    await followed.sees(Color.GREEN)


async def test_a_bookmark_moves_on_and_another_name_is_ignored(followed: Followed) -> None:
    meta = {"name": "other", "resourceVersion": "500"}
    data = GREEN.to_data()
    followed.api.send({"type": "MODIFIED", "object": {"metadata": meta, "data": data}})
    bookmark = {"metadata": {"resourceVersion": "900"}}
    followed.api.send({"type": "BOOKMARK", "object": bookmark})
    await asyncio.sleep(0.1)
    assert followed.state.intent == BLUE
    assert followed.state.source_error is None


async def test_a_renewed_token_is_used_from_the_next_request_on(followed: Followed) -> None:
    assert set(followed.api.tokens) == {"Bearer token-1"}
    followed.token_file.write_text("token-2")
    followed.api.send_raw(Cut())
    await until(lambda: "Bearer token-2" in followed.api.tokens)


async def test_a_missing_token_is_a_failing_source(followed: Followed) -> None:
    followed.token_file.unlink()
    followed.api.send_raw(Cut())
    await until(lambda: "No such file" in str(followed.state.source_error))
    followed.token_file.write_bytes(b"\xff")
    await until(lambda: "decode" in str(followed.state.source_error))
    followed.token_file.write_text("token-1")
    await until(lambda: followed.state.source_error is None)


async def test_a_server_that_is_away_is_found_when_it_comes_back(tmp_path: Path) -> None:
    state = IntentState(Color.BLUE, Clock())
    token_file = tmp_path / "token"
    token_file.write_text("t")
    access = Access("http://127.0.0.1:9", NAMESPACE, NAME, token_file, ca_file=None)
    source = ConfigMapWatch(access, Clock(), Random(1), QUICK)  # noqa: S311 - spreads retries
    task = asyncio.create_task(source.run(state))
    await until(lambda: state.source_errors >= 3)
    task.cancel()
    assert state.intent is None
    assert "ConnectError" in str(state.source_error)


def test_a_pod_finds_the_server_in_its_environment() -> None:
    host, port = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
    assert Access.in_cluster({host: "10.0.0.1"}, "n", "c").base_url == "https://10.0.0.1:443"
    assert Access.in_cluster({host: "fd00::1", port: "6443"}, "n", "c").base_url == (
        "https://[fd00::1]:6443"
    )


async def chunked(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(st.lists(st.binary(max_size=20)))
async def test_lines_do_not_depend_on_how_they_arrive(chunks: list[bytes]) -> None:
    lines = [line async for line in split_lines(chunked(chunks))]
    assert lines == [line for line in b"".join(chunks).split(b"\n") if line]


async def test_an_endless_line_is_refused() -> None:
    with pytest.raises(WatchError):
        async for _ in split_lines(chunked([b"x" * (ANSWER_BYTES_MAX // 4)] * 5)):
            pass
