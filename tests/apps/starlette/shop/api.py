"""The JSON API."""

import json
from http import HTTPMethod
from itertools import count
from typing import Any

from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ITEMS: dict[int, dict[str, Any]] = {}
IDS = count(1)


async def document(request: Request) -> JSONResponse:
    if request.method == HTTPMethod.POST:
        return JSONResponse({"received": await read_json(request)})
    return JSONResponse({"name": "Zoë", "price": 1.5, "tags": ["a", "b"], "none": None})


async def query(request: Request) -> JSONResponse:
    return JSONResponse({"a": request.query_params.getlist("a"), "b": request.query_params.get("b", "")})


async def headers(request: Request) -> JSONResponse:
    user_agent = request.headers.get("user-agent", "")
    return JSONResponse({"user_agent": user_agent, "host": request.headers["host"], "scheme": request.url.scheme})


class Items(HTTPEndpoint):
    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse({"items": list(ITEMS.values())})

    async def post(self, request: Request) -> JSONResponse:
        item = {"id": next(IDS), **await read_fields(request)}
        ITEMS[item["id"]] = item
        where = request.app.url_path_for("item", number=item["id"])
        return JSONResponse(item, status_code=201, headers={"location": where})


class Item(HTTPEndpoint):
    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse(find(request))

    async def put(self, request: Request) -> JSONResponse:
        item = find(request)
        item.update(await read_fields(request))
        return JSONResponse(item)

    async def delete(self, request: Request) -> Response:
        del ITEMS[find(request)["id"]]
        return Response(status_code=204)


def find(request: Request) -> dict[str, Any]:
    number = request.path_params["number"]
    if number not in ITEMS:
        raise HTTPException(404)
    return ITEMS[number]


async def read_fields(request: Request) -> dict[str, Any]:
    """The name and price of an item in a request's body."""
    match await read_json(request):
        case {"name": str(name), "price": int() | float() as price} if name and price >= 0:
            return {"name": name, "price": price}
    raise HTTPException(422)


async def read_json(request: Request) -> Any:
    try:
        return await request.json()
    except json.JSONDecodeError:
        raise HTTPException(400, "the body is not JSON") from None


routes = [
    Route("/json", document, methods=["GET", "POST"]),
    Route("/query", query),
    Route("/headers", headers),
    Route("/items", Items),
    Route("/items/{number:int}", Item, name="item"),
]
