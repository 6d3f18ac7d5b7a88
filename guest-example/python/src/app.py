"""A router behind a load balancer, as a `wasi:http` component.

The routes are plain functions from `Request` to `Response`, in `routes`; this file and `host` are all that knows wasi:http.
"""

import gc
import weakref

import host
from componentize_py_types import Err
from routes import router
from web import Request, Response
from wit_world import exports
from wit_world.imports.types import IncomingRequest, ResponseOutparam


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        try:
            response = router.answer(host.Incoming(request))
        except Err as error:
            response = Response.text(f"the request's body ended early: {error.value}\n", status=400)
        host.send(response, response_out)


class Rehearsal(Request):
    """A request to itself."""

    method = "GET"
    path_with_query = "/"
    scheme = "http"
    authority = "localhost"
    headers = []
    body = b""


# Python adapts its code to what has run. What these adapt is part of the component, and is there in every instance. The host
# is not there yet: without them, where the page makes outgoing requests or reads a variable.
for _ in range(20):
    router.answer(Rehearsal())

# Each of the host's objects gets a finalizer from its binding, and Python's first one imports a module.
weakref.finalize(router, int).detach()

# What is there by now is in every instance. Left out of all collections, it is not written to by them, and so not copied.
gc.collect()
gc.freeze()
