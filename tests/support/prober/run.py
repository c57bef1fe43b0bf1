"""The open loop: sends each request when it is due, whatever became of those before it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

from bot.contract.color import Color
from tests.support.prober.answer import Answer, InvalidAnswerError
from tests.support.prober.connection import ClosedError, Connection
from tests.support.prober.plan import Due, Plan
from tests.support.prober.rows import NEVER_SENT, Row


@dataclass(slots=True)
class Records:
    """What a run leaves: a row per request, and by how much the prober itself was late for it."""

    rows: list[Row] = field(default_factory=list[Row])
    lags: list[float] = field(default_factory=list[float])


async def run(plan: Plan, stop: asyncio.Event) -> Records:
    """Send all that is due until the plan's end or `stop`, and wait for what is under way."""
    records = Records()
    lanes = [_Lane(plan, number, records) for number in range(plan.lanes)]
    async with asyncio.TaskGroup() as tasks:
        for lane in lanes:
            tasks.create_task(lane.serve())

        def send(due: Due, moment: float) -> None:
            if due.lane is None:
                tasks.create_task(_send_alone(plan, moment, records))
            else:
                lanes[due.lane].queue.put_nowait(moment)

        await _until(stop, _pace(plan, send, records.lags))
        for lane in lanes:
            lane.queue.put_nowait(None)
    return records


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopping):
        task.cancel()
    await asyncio.gather(working, stopping, return_exceptions=True)
    if not working.cancelled():
        working.result()


async def _pace(plan: Plan, send: Callable[[Due, float], None], lags: list[float]) -> None:
    start = time.monotonic()
    for due in plan.schedule():
        moment = start + due.offset
        # When late, 0: catching up must not keep answers from being read.
        await asyncio.sleep(max(0, moment - time.monotonic()))
        lags.append(time.monotonic() - moment)
        send(due, moment)


async def _send_alone(plan: Plan, due: float, records: Records) -> None:
    connection: Connection | None = None

    async def exchange() -> Answer:
        nonlocal connection
        connection = await Connection.open(plan.host, plan.port)
        return await connection.ask(plan.request)

    sent = time.monotonic()
    color, pod, error = await _outcome(exchange, plan.timeout_seconds)
    records.rows.append(Row(None, 1, due, sent, time.monotonic(), color, pod, error))
    if connection is not None:
        connection.close()


class _Lane:
    """A client that keeps its connection: the next request waits for the answer to the last one."""

    def __init__(self, plan: Plan, number: int, records: Records) -> None:
        # Bounded by the plan: its rate times the seconds that it lasts.
        self.queue: asyncio.Queue[float | None] = asyncio.Queue()
        self._plan = plan
        self._number = number
        self._records = records
        self._connection: Connection | None = None
        self._connections = 0

    async def serve(self) -> None:
        """Send what is due until told that nothing more will be."""
        while (due := await self.queue.get()) is not None:
            sent = time.monotonic()
            color, pod, error = await self._ask(sent - due)
            done = time.monotonic()
            if error:
                self._drop()
            row = Row(self._number, self._connections, due, sent, done, color, pod, error)
            self._records.rows.append(row)
        self._drop()

    async def _ask(self, waited_seconds: float) -> tuple[Color | None, str, str]:
        # Sending what has waited so long would only make those behind it wait too, without end.
        if waited_seconds > self._plan.timeout_seconds:
            return None, "", NEVER_SENT
        return await _outcome(self._exchange, self._plan.timeout_seconds)

    async def _exchange(self) -> Answer:
        if self._connection is None or not self._connection.usable:
            self._drop()
            self._connections += 1
            self._connection = await Connection.open(self._plan.host, self._plan.port)
        return await self._connection.ask(self._plan.request)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def _outcome(
    exchange: Callable[[], Awaitable[Answer]], timeout_seconds: float
) -> tuple[Color | None, str, str]:
    try:
        async with asyncio.timeout(timeout_seconds):
            answer = await exchange()
    except TimeoutError:
        return None, "", f"no answer within {timeout_seconds:g} s"
    except (ClosedError, InvalidAnswerError) as error:
        return None, "", str(error)
    except OSError as error:
        return None, "", error.strerror or type(error).__name__
    return answer.color, answer.pod, ""
