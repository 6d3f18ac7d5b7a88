"""The JSON API."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, url_for

blueprint = Blueprint("api", __name__)

ITEMS: dict[int, dict[str, Any]] = {}


@blueprint.get("/json")
def show() -> Response:
    return jsonify(name="Zoë", price=1.5, tags=["a", "b"], none=None)


@blueprint.post("/json")
def receive() -> Response:
    return jsonify(received=request.get_json())


@blueprint.get("/query")
def query() -> Response:
    return jsonify(a=request.args.getlist("a"), b=request.args.get("b", ""))


@blueprint.get("/headers")
def headers() -> Response:
    return jsonify(user_agent=request.user_agent.string, host=request.host, scheme=request.scheme)


@blueprint.get("/items")
def items() -> Response:
    return jsonify(items=list(ITEMS.values()))


@blueprint.post("/items")
def add() -> tuple[Response, int, dict[str, str]]:
    item = {"id": max(ITEMS, default=0) + 1, **valid(request.get_json())}
    ITEMS[item["id"]] = item
    return jsonify(item), 201, {"location": url_for("api.item", number=item["id"])}


@blueprint.get("/items/<int:number>")
def item(number: int) -> Response:
    return jsonify(found(number))


@blueprint.put("/items/<int:number>")
def change(number: int) -> Response:
    found(number).update(valid(request.get_json()))
    return jsonify(ITEMS[number])


@blueprint.delete("/items/<int:number>")
def remove(number: int) -> tuple[str, int]:
    found(number)
    del ITEMS[number]
    return "", 204


def found(number: int) -> dict[str, Any]:
    if number not in ITEMS:
        abort(404)
    return ITEMS[number]


def valid(body: Any) -> dict[str, Any]:
    """The name and price of an item in a request's body."""
    match body:
        case {"name": str(name), "price": int() | float() as price} if name and price >= 0:
            return {"name": name, "price": price}
    abort(422)
