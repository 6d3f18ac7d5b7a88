"""The Lambda invocation behind a request, in two forms."""

import json
from typing import Any

from web import Request

# Exists only in the world that `build --lambda-context` uses.
try:
    from wit_world.imports import context as imported
except ImportError:
    imported = None


def from_header(request: Request) -> Any:
    """From the header, which every language can read. None outside Lambda."""
    value = request.header("x-amzn-lambda-context")
    if value is None:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value.decode(errors="replace")


def from_import() -> dict[str, Any] | None:
    """From the typed import `funcserver:lambda/context`. None if the component was built without it."""
    if imported is None:
        return None
    return {
        "request_id": imported.request_id(),
        "deadline_ms": imported.deadline_ms(),
        "trace_id": imported.trace_id(),
        "function_arn": imported.function_arn(),
        "target_group_arn": imported.target_group_arn(),
        "multi_value_headers": imported.multi_value_headers(),
        "client_address": imported.client_address(),
    }
