"""Each test has a Python of its own, because the changes are those of a whole component."""

import pytest
from inside import inside, output

pytest.importorskip("anyio")
pytest.importorskip("asgiref")


def test_pools_run_at_once_with_results_errors_and_order():
    code = """
from concurrent.futures import ThreadPoolExecutor, as_completed
with ThreadPoolExecutor() as pool:
    print(list(pool.map(str, range(3))), pool.submit(lambda: 1 / 0).exception())
    print(len(list(as_completed([pool.submit(int)]))))
try:
    pool.submit(int)
except RuntimeError as error:
    print(error)
"""
    assert output(code) == "['0', '1', '2'] division by zero\n1\ncannot schedule new futures after shutdown\n"


def test_threads_and_processes_are_refused_with_a_sentence():
    code = """
import os, threading, subprocess, multiprocessing, asyncio
from concurrent.futures import ProcessPoolExecutor
def attempt(start):
    try:
        start()
    except (RuntimeError, OSError) as error:
        print(error)
attempt(threading.Thread(target=print).start)
attempt(threading.Timer(1, print).start)
attempt(lambda: subprocess.run(["ls"]))
attempt(multiprocessing.Process(target=print).start)
attempt(lambda: asyncio.run(asyncio.create_subprocess_exec("ls")))
attempt(lambda: os.system("ls"))
attempt(lambda: multiprocessing.Pool(1))
attempt(multiprocessing.Queue)
attempt(lambda: ProcessPoolExecutor(1).submit(print))
"""
    lines = output(code).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "threads cannot be started in a component",
        "threads cannot be started in a component",
        *["processes cannot be started in a component"] * 7,
    ]


def test_work_that_a_loop_hands_away_sees_no_loop_and_no_context():
    code = """
import asyncio, contextvars
var = contextvars.ContextVar("var", default="unset")
def work():
    try:
        asyncio.get_running_loop()
        return "a loop"
    except RuntimeError:
        return var.get(), asyncio.run(asyncio.sleep(0.001, "nested"))
async def main():
    var.set("set")
    loop = asyncio.get_running_loop()
    print(await asyncio.to_thread(work), await loop.run_in_executor(None, work), asyncio.current_task() is not None)
asyncio.run(main())
"""
    assert output(code) == "('set', 'nested') ('unset', 'nested') True\n"


@pytest.mark.parametrize("error", ["ValueError('x')", "StopIteration()", "SystemExit(1)"])
def test_errors_of_such_work_come_back(error):
    code = f"""
import asyncio
def work():
    raise {error}
async def main():
    try:
        await asyncio.to_thread(work)
    except BaseException as error:
        print(type(error).__name__)
asyncio.run(main())
"""
    assert output(code) in ("ValueError\n", "RuntimeError\n", "SystemExit\n")


def test_anyio_runs_plain_functions_and_calls_back_into_the_loop():
    code = """
import asyncio, anyio, anyio.to_thread, anyio.from_thread
def work(n):
    return n, anyio.from_thread.run(asyncio.sleep, 0.001, "async"), anyio.from_thread.run_sync(lambda: "sync")
async def main():
    async with anyio.create_task_group() as group:
        for n in range(3):
            group.start_soon(anyio.to_thread.run_sync, work, n)
    print(await anyio.to_thread.run_sync(work, 7))
    try:
        await anyio.to_thread.run_sync(lambda: 1 / 0)
    except ZeroDivisionError as error:
        print(error)
anyio.run(main)
asyncio.run(main())
"""
    assert output(code) == "(7, 'async', 'sync')\ndivision by zero\n" * 2


def test_asgiref_crosses_between_plain_and_async_functions():
    code = """
import asyncio
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
async def inner(n):
    await asyncio.sleep(0.001)
    return n + await sync_to_async(lambda: 1)()
def plain(n):
    return async_to_sync(inner)(n) + 1
async def outer(n):
    async with ThreadSensitiveContext():
        return await sync_to_async(plain)(n) + await sync_to_async(plain, thread_sensitive=False)(n)
print(async_to_sync(inner)(1), plain(1), asyncio.run(outer(1)), async_to_sync(outer)(1))
"""
    assert output(code) == "2 3 6 6\n"


def test_waiting_for_a_result_that_never_comes_is_named():
    code = """
from concurrent.futures import Future
Future().result()
"""
    done = inside(code)
    assert "waits for a result that no thread works on" in done.stderr


def test_a_loop_that_is_driven_from_below_loses_no_callback():
    code = """
import asyncio
seen = []
async def count(n):
    for i in range(3):
        await asyncio.sleep(0)
    seen.append(n)
    return n
async def main():
    loop = asyncio.get_running_loop()
    others = [asyncio.create_task(count(n)) for n in range(5)]
    def work():
        return asyncio.run_coroutine_threadsafe(count(9), loop).result()
    print(await asyncio.to_thread(work), sorted(await asyncio.gather(*others)), len(seen))
asyncio.run(main())
"""
    assert output(code) == "9 [0, 1, 2, 3, 4] 6\n"
