"""The pages: HTML, forms, cookies and sessions."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

router = APIRouter()
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


@router.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse, include_in_schema=False)
async def home(request: Request) -> HTMLResponse:
    return templates.TemplateResponse(request, "home.html")


@router.get("/hello/{name}", response_class=PlainTextResponse)
async def hello(name: str) -> str:
    return f"Hello, {name}!"


@router.get("/template", response_class=HTMLResponse)
def template(request: Request, name: str = "you") -> HTMLResponse:
    return templates.TemplateResponse(request, "hello.html", {"name": name})


@router.get("/form", response_class=HTMLResponse)
def form(request: Request) -> HTMLResponse:
    return templates.TemplateResponse(request, "form.html")


@router.post("/form")
async def submit(name: Annotated[str, Form()], color: Annotated[str, Form()]) -> dict[str, str]:
    return {"name": name, "color": color}


@router.get("/cookie")
async def cookie(request: Request) -> JSONResponse:
    response = JSONResponse({"cookies": request.cookies})
    response.set_cookie("seen", "yes", httponly=True)
    response.set_cookie("theme", "dark")
    return response


@router.get("/session")
async def count(request: Request) -> dict[str, int]:
    request.session["count"] = request.session.get("count", 0) + 1
    return {"count": request.session["count"]}


@router.get("/redirect")
async def elsewhere(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("hello", name="redirected"), status_code=302)
