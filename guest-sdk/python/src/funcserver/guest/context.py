"""The Lambda invocation behind a request, as the runtimes of AWS hand it to handlers."""

import json
import time
from typing import Any


class Context:
    """Reads the header `x-amzn-lambda-context` when an attribute is asked for."""

    __slots__ = ("_header", "_members")

    def __init__(self, header: bytes) -> None:
        self._header = header
        self._members: dict[str, Any] | None = None

    @property
    def aws_request_id(self) -> str:
        return self._member("request_id")

    @property
    def invoked_function_arn(self) -> str:
        return self._member("invoked_function_arn")

    @property
    def function_name(self) -> str | None:
        """`shop` of `arn:aws:lambda:eu-central-1:123456789012:function:shop:live`."""
        parts = (self.invoked_function_arn or "").split(":")
        return parts[6] if len(parts) > 6 else None

    @property
    def xray_trace_id(self) -> str | None:
        return self._member("xray_trace_id")

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(self._member("deadline") - time.time() * 1000))

    def _member(self, name: str) -> Any:
        if self._members is None:
            self._members = json.loads(self._header)
        return self._members.get(name)
