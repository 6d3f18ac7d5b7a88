"""The JSON API."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, HTTPException, Query, Request, Response

from .models import Item, ItemFields, Items
from .store import StoreDependency

router = APIRouter()


@router.get("/json")
async def show() -> dict[str, Any]:
    return {"name": "Zoë", "price": 1.5, "tags": ["a", "b"], "none": None}


@router.post("/json")
async def receive(body: Annotated[Any, Body()]) -> dict[str, Any]:
    return {"received": body}


@router.get("/query")
async def query(a: Annotated[list[str], Query()] = [], b: str = "") -> dict[str, Any]:  # noqa: B006
    return {"a": a, "b": b}


@router.get("/headers")
async def headers(request: Request, user_agent: Annotated[str, Header()] = "") -> dict[str, str]:
    return {"user_agent": user_agent, "host": request.headers["host"], "scheme": request.url.scheme}


@router.get("/items")
def items(store: StoreDependency) -> Items:
    return Items(items=list(store.items.values()))


@router.post("/items", status_code=201)
def add(fields: ItemFields, store: StoreDependency, request: Request, response: Response) -> Item:
    item = store.add(fields)
    response.headers["location"] = request.app.url_path_for("show_item", number=item.id)
    return item


@router.get("/items/{number}")
def show_item(number: int, store: StoreDependency) -> Item:
    return store.find(number)


@router.put("/items/{number}")
def change(number: int, fields: ItemFields, store: StoreDependency) -> Item:
    return store.change(number, fields)


@router.delete("/items/{number}", status_code=204)
def remove(number: int, store: StoreDependency) -> None:
    store.remove(number)


def user(x_token: Annotated[str, Header()] = "") -> str:
    if x_token != "secret":
        raise HTTPException(401, "x-token is missing or wrong")
    return "admin"


@router.get("/depends")
def depends(name: Annotated[str, Depends(user)]) -> dict[str, str]:
    return {"user": name}
