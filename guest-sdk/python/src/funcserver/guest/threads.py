"""Work for other threads and processes, of which a component has none.

What a pool is given runs at once, in the only thread. Starting a thread or a process raises a sentence.
"""

import contextvars
import os
import subprocess
import sys
import threading
from asyncio import events, tasks
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import thread
from contextlib import contextmanager
from queue import Queue
from typing import Any, NoReturn

from funcserver.guest.when_imported import when_imported


def no_threads() -> RuntimeError:
    return RuntimeError(
        "threads cannot be started in a component: await the work, run it before the answer,"
        " or hand it to a pool such as ThreadPoolExecutor or asyncio.to_thread, which runs it at once"
    )


def no_processes() -> OSError:
    return OSError("processes cannot be started in a component: do the work in Python, or ask another service")


def install() -> None:
    threading.Thread.start = _refuse_thread
    thread.ThreadPoolExecutor.submit = _submit
    futures.Future.result = _result
    futures.Future.exception = _exception
    subprocess.Popen.__init__ = _refuse_process
    os.system = _refuse_process
    when_imported("multiprocessing.process", _patch_processes)
    when_imported("multiprocessing.connection", _patch_connections)
    when_imported("anyio._backends._asyncio", _patch_anyio)
    when_imported("asgiref.current_thread_executor", _patch_asgiref_executor)
    when_imported("asgiref.sync", _patch_asgiref)


def settle(future: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Runs the function as a thread would, and puts its result into the future."""
    try:
        with set_aside():
            # A thread begins with a context of its own.
            result = contextvars.Context().run(function, *args, **kwargs)
    except BaseException as error:
        if isinstance(error, StopIteration):
            # No future takes it, and a coroutine would not raise it either.
            stopped, error = error, RuntimeError("the function raised StopIteration")
            error.__cause__ = stopped
        future.set_exception(error)
    else:
        future.set_result(result)


# The loops that are set aside, the innermost last.
_aside: list[Any] = []


@contextmanager
def set_aside() -> Iterator[None]:
    """Meanwhile no event loop runs, as in a thread: the code may run one, also the one that is set aside."""
    loop: Any = events._get_running_loop()
    if loop is None:
        yield
        return
    task = _swap_task(loop, None)
    thread_id, loop._thread_id = loop._thread_id, None
    events._set_running_loop(None)
    _aside.append(loop)
    try:
        yield
    finally:
        _aside.pop()
        events._set_running_loop(loop)
        loop._thread_id = thread_id
        _swap_task(loop, task)


if sys.version_info >= (3, 12):
    _swap_task = tasks._swap_current_task
else:

    def _swap_task(loop: Any, task: Any) -> Any:
        current = tasks._current_tasks.pop(loop, None)
        if task is not None:
            tasks._current_tasks[loop] = task
        return current


def wait_for(future: "futures.Future[Any]") -> None:
    """Runs the loop that is set aside until the future is done: while a thread waits, the loop would go on too."""
    if future.done():
        return
    if not _aside:
        raise RuntimeError(
            "the app waits for a result that no thread works on: in a component, await it instead of calling `result()`"
        )
    _aside[-1].run_until(future.done)


_own_result = futures.Future.result
_own_exception = futures.Future.exception


def _result(self: "futures.Future[Any]", timeout: float | None = None) -> Any:
    wait_for(self)
    return _own_result(self, timeout)


def _exception(self: "futures.Future[Any]", timeout: float | None = None) -> BaseException | None:
    wait_for(self)
    return _own_exception(self, timeout)


def _submit(
    self: thread.ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> "futures.Future[Any]":
    if self._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    future: futures.Future[Any] = futures.Future()
    future.set_running_or_notify_cancel()
    settle(future, function, *args, **kwargs)
    return future


def _refuse_thread(self: threading.Thread) -> NoReturn:
    raise no_threads()


def _refuse_process(*args: Any, **kwargs: Any) -> NoReturn:
    raise no_processes()


def _patch_processes(module: Any) -> None:
    module.BaseProcess.start = _refuse_process


def _patch_connections(module: Any) -> None:
    """Pools and queues of processes make a pipe before they start one."""
    module.Pipe = _refuse_process


class _InlineQueue(Queue):
    """The queue of a worker of anyio, which does at once what it is given."""

    def __init__(self, worker: threading.Thread, facts: threading.local) -> None:
        super().__init__()
        self._worker = worker
        # What anyio keeps for each thread. Workers can be nested here, if one waits for the loop that runs another.
        self._facts = vars(facts)

    def put_nowait(self, item: Any) -> None:
        if item is None:
            # The order to stop, which the worker has done already.
            return
        self.put(item)
        # A worker works until it is told to stop.
        self.put(None)
        outer = self._facts.copy()
        self._facts.clear()
        try:
            with set_aside():
                contextvars.Context().run(self._worker.run)
        finally:
            self._facts.clear()
            self._facts.update(outer)


def _patch_anyio(module: Any) -> None:
    """`anyio.to_thread.run_sync`, which Starlette and FastAPI use for plain functions."""
    make = module.WorkerThread.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.queue = _InlineQueue(self, module.threadlocals)

    module.WorkerThread.__init__ = init
    module.WorkerThread.start = lambda self: None


def _patch_asgiref_executor(module: Any) -> None:
    """`async_to_sync` in a plain function below an event loop waits here for that loop."""
    module.CurrentThreadExecutor.run_until_future = lambda self, future: wait_for(future)


def _patch_asgiref(module: Any) -> None:
    """A context of Django's ASGI handler ends its pool in a thread. A pool that never had a thread needs no end."""
    leave = module.ThreadSensitiveContext.__aexit__

    async def leave_without_pool(self: Any, *error: Any) -> None:
        module.SyncToAsync.context_to_thread_executor.pop(self, None)
        await leave(self, *error)

    module.ThreadSensitiveContext.__aexit__ = leave_without_pool
