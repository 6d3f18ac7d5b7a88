"""The pages: HTML, forms, cookies and sessions."""

from http import HTTPMethod
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


async def home(request: Request) -> Response:
    return templates.TemplateResponse(request, "home.html")


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"Hello, {request.path_params['name']}!")


def template(request: Request) -> Response:
    return templates.TemplateResponse(request, "hello.html", {"name": request.query_params.get("name", "you")})


async def form(request: Request) -> Response:
    if request.method == HTTPMethod.POST:
        fields = await request.form()
        return JSONResponse({"name": fields["name"], "color": fields["color"]})
    return templates.TemplateResponse(request, "form.html")


async def cookie(request: Request) -> JSONResponse:
    response = JSONResponse({"cookies": request.cookies})
    response.set_cookie("seen", "yes", httponly=True)
    response.set_cookie("theme", "dark")
    return response


async def count(request: Request) -> JSONResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return JSONResponse({"count": request.session["count"]})


async def elsewhere(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("hello", name="redirected"), status_code=302)


routes = [
    Route("/", home),
    Route("/hello/{name}", hello),
    Route("/template", template),
    Route("/form", form, methods=["GET", "POST"]),
    Route("/cookie", cookie),
    Route("/session", count),
    Route("/redirect", elsewhere),
]
