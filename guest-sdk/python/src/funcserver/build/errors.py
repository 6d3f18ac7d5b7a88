"""The error that ends a build, in words for the user."""


class BuildError(Exception):
    """What is wrong and what to do about it, in one sentence or two. `details` are lines to show before it."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details
