"""An asyncio event loop on `wasi:io/poll`.

It is asyncio's own loop for selectors, with a selector that waits for the host's pollables and for sockets.
"""

import asyncio
import errno
import heapq
import selectors
import sys
import threading
from asyncio import events, selector_events
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from wit_world.imports.poll import Pollable

from funcserver.guest import sockets, threads
from funcserver.guest.selector import Deadlock as Deadlock
from funcserver.guest.selector import HostSelector

Result = TypeVar("Result")


class Loop(selector_events.BaseSelectorEventLoop):
    """The event loop of a component."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        super().__init__(selector or HostSelector())

    async def wait(self, pollable: Pollable) -> None:
        """Waits until the pollable is ready, and drops it."""
        future = self.begin_wait(pollable)
        try:
            await future
        finally:
            self.end_wait(pollable)

    def begin_wait(self, pollable: Pollable) -> "asyncio.Future[None]":
        """The future is done when the pollable is ready, or earlier by somebody else."""
        future = self.create_future()
        self._add_reader(pollable, _wake, future)
        return future

    def end_wait(self, pollable: Pollable) -> None:
        self._remove_reader(pollable)
        pollable.__exit__(None, None, None)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Result], *args: Any
    ) -> "asyncio.Future[Result]":
        """Runs the function at once: there is one thread."""
        self._check_closed()
        future: asyncio.Future[Result] = self.create_future()
        threads.settle(future, func, *args)
        return future

    def is_busy(self) -> bool:
        """Whether something can run without waiting."""
        return bool(self._ready)

    def run_until_complete(self, future: Any) -> Any:
        self._check_closed()
        self._check_running()
        is_new = not asyncio.isfuture(future)
        future = asyncio.ensure_future(future, loop=self)
        if is_new:
            # The result is raised here, so nobody has to be told that it was not asked for.
            future._log_destroy_pending = False
        self.run_until(future.done)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def run_until(self, done: Callable[[], bool]) -> None:
        """Runs until `done` or `stop`. A callback that has set the loop aside may call it, so runs can be nested."""
        self._check_closed()
        self._check_running()
        hooks = sys.get_asyncgen_hooks()
        self._thread_id = threading.get_ident()
        sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
        events._set_running_loop(self)
        try:
            while not (done() or self._stopping):
                self._run_once()
        finally:
            self._stopping = False
            self._thread_id = None
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        try:
            await super().sock_connect(sock, address)
        except OSError as error:
            raise sockets.connect_failed(error, address) from error

    async def create_server(self, *args: Any, **kwargs: Any) -> Any:
        # The base class passes over a socket that is refused.
        raise PermissionError(errno.EACCES, sockets.LISTENING)

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> Any:
        raise threads.no_processes()

    subprocess_shell = subprocess_exec

    def _run_once(self) -> None:
        """As in the base class, but a callback may run the loop itself while it waits: see `threads.wait_for`."""
        while self._scheduled and self._scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(self._scheduled)._scheduled = False
        timeout: float | None = None
        if self._ready or self._stopping:
            timeout = 0
        elif self._scheduled:
            timeout = max(0, self._scheduled[0].when() - self.time())
        if timeout != 0 or self._selector.get_map():
            self._process_events(self._selector.select(timeout))
        if self._scheduled:
            end = self.time() + self._clock_resolution
            while self._scheduled and self._scheduled[0].when() < end:
                handle = heapq.heappop(self._scheduled)
                handle._scheduled = False
                self._ready.append(handle)
        for _ in range(len(self._ready)):
            # A callback that ran the loop may have taken the rest.
            if not self._ready:
                break
            handle = self._ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _make_self_pipe(self) -> None:
        """There is no other thread that would have to wake the loop."""

    def _close_self_pipe(self) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def install() -> None:
    """Makes `Loop` the loop of `asyncio.run`, `asyncio.new_event_loop` and all that build on them."""
    policy = events._get_event_loop_policy() if sys.version_info >= (3, 14) else asyncio.get_event_loop_policy()
    policy._loop_factory = Loop
    asyncio.EventLoop = asyncio.SelectorEventLoop = Loop
