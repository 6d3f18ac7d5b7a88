"""Waits for the host's pollables and for sockets, as an asyncio event loop wants it."""

import selectors
import time
from typing import Any

from wit_world.imports import monotonic_clock
from wit_world.imports import poll as host_poll
from wit_world.imports.poll import Pollable

NANOSECONDS = 1_000_000_000
LONGEST_WAIT = 86_400.0
# Python waits for sockets by itself, and cannot wait for pollables meanwhile. So they take turns that are this long.
TURN = 0.001

Ready = list[tuple[selectors.SelectorKey, int]]


class Deadlock(RuntimeError):
    """All tasks wait, and there is neither a timer nor an operation of the host that could wake one."""

    def __init__(self) -> None:
        super().__init__(
            "the app waits for something that cannot happen: no task can run, no timer is set, no request is under way"
        )


class HostSelector(selectors._BaseSelectorImpl):
    """Selects from pollables, which are registered as themselves, and from sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._sockets: selectors.BaseSelector | None = None

    def _fileobj_lookup(self, fileobj: Any) -> Any:
        return fileobj if isinstance(fileobj, Pollable) else super()._fileobj_lookup(fileobj)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        if not isinstance(key.fd, Pollable):
            if self._sockets is None:
                self._sockets = getattr(selectors, "PollSelector", selectors.SelectSelector)()
            self._sockets.register(key.fd, events)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        if self._sockets is not None and not isinstance(key.fd, Pollable):
            self._sockets.unregister(key.fd)
            if not self._sockets.get_map():
                self._sockets = None
        return key

    def select(self, timeout: float | None = None) -> Ready:
        """Waits for one of them or for the timeout. Without either it raises Deadlock."""
        pollables = [key for key in self._fd_to_key.values() if isinstance(key.fd, Pollable)]
        if timeout is not None and timeout <= 0:
            # While a component is built there is no host to ask, and nothing to ask for either.
            return self._ready(pollables) + self._select_sockets(0)
        if self._sockets is None:
            if timeout is None and not pollables:
                raise Deadlock
            return self._wait(pollables, timeout)
        if not pollables:
            return self._select_sockets(timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (ready := self._ready(pollables) + self._select_sockets(TURN)):
            if deadline is not None and time.monotonic() >= deadline:
                break
        return ready

    @staticmethod
    def _ready(pollables: list[selectors.SelectorKey]) -> Ready:
        return [(key, key.events) for key in pollables if key.fd.ready()]

    def _select_sockets(self, timeout: float | None) -> Ready:
        if self._sockets is None:
            return []
        return [(self._fd_to_key[key.fd], events) for key, events in self._sockets.select(timeout)]

    @staticmethod
    def _wait(keys: list[selectors.SelectorKey], timeout: float | None) -> Ready:
        if timeout is None:
            return HostSelector._poll(keys, [])
        with monotonic_clock.subscribe_duration(int(min(timeout, LONGEST_WAIT) * NANOSECONDS)) as timer:
            return HostSelector._poll(keys, [timer])

    @staticmethod
    def _poll(keys: list[selectors.SelectorKey], timer: list[Pollable]) -> Ready:
        ready = host_poll.poll([key.fd for key in keys] + timer)
        return [(keys[index], keys[index].events) for index in ready if index < len(keys)]
