import asyncio
import time

import pytest
from inside import output
from wit_world.imports.poll import Pollable

from funcserver.guest.loop import Deadlock, Loop


def run(coroutine):
    loop = Loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def test_timers_tasks_and_timeouts():
    async def main():
        began = time.monotonic()
        results = await asyncio.gather(*(asyncio.sleep(0.4, n) for n in range(10)))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9), 0.01)
        return results, time.monotonic() - began

    results, took = run(main())
    assert results == list(range(10))
    assert took < 3


def test_pollables_are_waited_for_together_and_dropped():
    first, second = Pollable(time.monotonic() + 60), Pollable(time.monotonic() + 0.01)
    order = []

    async def wait_for_first():
        await asyncio.get_running_loop().wait(first)
        order.append("first")

    async def wait_for_second():
        await asyncio.get_running_loop().wait(second)
        order.append("second")
        # Only now, so that a slow machine does not see both at once.
        first.when = time.monotonic()

    async def main():
        await asyncio.gather(wait_for_first(), wait_for_second(), asyncio.sleep(0.015))

    run(main())
    assert order == ["second", "first"]
    assert first.dropped and second.dropped


def test_a_cancelled_wait_drops_its_pollable():
    pollable = Pollable(time.monotonic() + 60)

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().wait(pollable), 0.01)

    run(main())
    assert pollable.dropped


def test_a_wait_without_an_end_is_named():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="waits for something that cannot happen"):
        run(main())


def test_async_generators_are_closed_at_the_end():
    closed = []

    async def pieces():
        try:
            yield 1
        finally:
            closed.append(True)

    async def main():
        async for _ in pieces():
            break
        await asyncio.sleep(0.001)

    run(main())
    assert closed == [True]


def test_asyncio_run_uses_this_loop_and_leaves_none_behind():
    code = """
import asyncio
async def main():
    return type(asyncio.get_running_loop()).__module__, await asyncio.to_thread(lambda: 7)
print(*asyncio.run(main()), *asyncio.run(main()))
"""
    assert output(code).split() == ["funcserver.guest.loop", "7"] * 2


def test_stop_ends_a_run():
    loop = Loop()
    loop.call_soon(loop.stop)
    loop.run_forever()
    with pytest.raises(RuntimeError, match="stopped before"):
        loop.call_soon(loop.stop)
        loop.run_until_complete(asyncio.sleep(60))
