"""wasi:io/poll. A pollable is ready from a certain time on."""

import time


class Pollable:
    def __init__(self, when: float = 0.0) -> None:
        self.when = when
        self.dropped = False

    def ready(self) -> bool:
        assert not self.dropped
        return time.monotonic() >= self.when

    def block(self) -> None:
        poll([self])

    def __enter__(self) -> "Pollable":
        return self

    def __exit__(self, *error: object) -> None:
        self.dropped = True


def poll(pollables: list[Pollable]) -> list[int]:
    assert pollables, "an empty list traps"
    while not (ready := [index for index, pollable in enumerate(pollables) if pollable.ready()]):
        time.sleep(max(0.0, min(pollable.when for pollable in pollables) - time.monotonic()))
    return ready
