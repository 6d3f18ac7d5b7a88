"""wasi:io/error."""


class Error:
    """Why a stream failed. `code` is that of `wasi:http`."""

    def __init__(self, code: object) -> None:
        self.code = code

    def __enter__(self) -> "Error":
        return self

    def __exit__(self, *error: object) -> None:
        pass
