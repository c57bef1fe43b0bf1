"""Refusals that a client can act on, over a raw socket."""

from pathlib import Path

import pytest

from bot.intake.body import signal_of
from bot.intake.problems import Problem
from tests.bot.intake.test_wire import AUTH, GOOD, KIND, ask, chunked, request, status
from tests.support.fakes import serving
from tests.support.served import FakeInbox, app_of


async def test_who_sends_too_much_hears_of_it(tmp_path: Path) -> None:
    async with serving(app_of(FakeInbox(), tmp_path)) as address:
        declared = await ask(address, request(AUTH, KIND, body=b" " * 300_000))
        chunks = (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 3 + b"0\r\n\r\n"
        undeclared = await ask(address, chunked(chunks=chunks))
    assert (status(declared), status(undeclared)) == (413, 413)
    assert b"application/problem+json" in declared


async def test_a_method_that_a_path_does_not_take_is_told_what_it_takes(tmp_path: Path) -> None:
    async with serving(app_of(FakeInbox(), tmp_path)) as address:
        posted = await ask(address, request(AUTH, KIND, line=b"POST /signals/s-1 HTTP/1.1"))
        got = await ask(address, request(AUTH, line=b"GET /signals HTTP/1.1", body=b""))
    assert (status(posted), status(got)) == (405, 405)
    assert b"allow: GET, HEAD" in posted
    assert b"allow: POST" in got
    assert b"application/problem+json" in got


async def test_no_answer_sends_a_client_to_the_host_that_it_named(tmp_path: Path) -> None:
    async with serving(app_of(FakeInbox(), tmp_path)) as address:
        answer = await ask(address, request(AUTH, KIND, line=b"POST /signals/ HTTP/1.1"))
    assert status(answer) == 404
    assert b"location:" not in answer


@pytest.mark.parametrize("name", [".", "..", "cross.BTC-USDT.1.buy"])
def test_an_id_that_means_something_else_is_refused(name: str) -> None:
    body = GOOD.replace(b"s-1", name.encode())
    with pytest.raises(Problem) as refused:
        signal_of(body, ["BTC/USDT"], "signals-token")
    assert [fault.field for fault in refused.value.faults] == ["id"]


def test_a_number_is_refused_with_the_reason() -> None:
    with pytest.raises(Problem) as refused:
        signal_of(GOOD.replace(b'"0.5"', b"0.5"), ["BTC/USDT"], "signals-token")
    assert "binary fractions" in refused.value.detail


def test_of_ten_thousand_keys_the_one_that_comes_twice_is_named() -> None:
    pairs = ",".join(f'"{number:x}":1' for number in range(10_000))
    with pytest.raises(Problem) as refused:
        signal_of(f'{{{pairs},"270f":1}}'.encode(), ["BTC/USDT"], "signals-token")
    assert '"270f" more than once' in refused.value.detail
