"""A router behind a load balancer, as the usual function in Python. The pages come from guest-example/python."""

import pages
from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route


async def home(request: Request) -> HTMLResponse:
    return HTMLResponse(pages.home())


async def products(request: Request) -> HTMLResponse:
    return HTMLResponse(pages.products())


async def articles(request: Request) -> HTMLResponse:
    return HTMLResponse(pages.articles())


routes = [Route("/", home), Route("/products", products), Route("/articles", articles)]
# Without start-up and shutdown events, which it has no use for: Mangum would run them with every request.
handler = Mangum(Starlette(routes=routes), lifespan="off")
