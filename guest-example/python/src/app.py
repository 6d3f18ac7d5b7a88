"""A router behind a load balancer, as a `wasi:http` component.

The routes are plain functions from `Request` to `Response`, in `routes`; only this file and `host` use wasi:http.
"""

import gc
import weakref

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.types import IncomingRequest, ResponseOutparam

import host
from routes import router
from web import Request, Response


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


# Python specialises code that has run. The result of these requests is part of the component, and so of every instance.
# The host does not exist yet: remove this loop if the page makes outgoing requests or reads a variable.
for _ in range(20):
    router.answer(Rehearsal())

# The binding gives each object of the host a finalizer, and Python imports a module for the first one.
weakref.finalize(router, int).detach()

# The objects that exist now are in every instance. Frozen, they are not written to by garbage collections, and so not
# copied.
gc.collect()
gc.freeze()
