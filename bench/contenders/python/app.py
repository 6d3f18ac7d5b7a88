"""A router behind a load balancer, as a typical Python function. The pages come from guest-example/python."""

from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

import pages


async def home(request: Request) -> HTMLResponse:
    return HTMLResponse(pages.home())


async def products(request: Request) -> HTMLResponse:
    return HTMLResponse(pages.products())


async def articles(request: Request) -> HTMLResponse:
    return HTMLResponse(pages.articles())


routes = [Route("/", home), Route("/products", products), Route("/articles", articles)]
# Start-up and shutdown events are disabled: the application does not use them, and Mangum would send them with every
# request.
handler = Mangum(Starlette(routes=routes), lifespan="off")
