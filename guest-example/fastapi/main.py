"""A small shop: an API, and a page that shows its products."""

from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

PRICES = {"cup": 4.5, "plate": 7.25, "spoon": 1.75}


class Order(BaseModel):
    product: str
    quantity: Annotated[int, Field(ge=1, le=100)] = 1


class Receipt(Order):
    total: float


app = FastAPI(title="example-fastapi")
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


@app.get("/")
async def home() -> dict[str, str]:
    return {"message": "Hello from FastAPI"}


@app.get("/products", response_class=HTMLResponse)
async def products(request: Request) -> HTMLResponse:
    return templates.TemplateResponse(request, "products.html", {"prices": PRICES})


@app.post("/orders", status_code=201)
async def order(order: Order) -> Receipt:
    if order.product not in PRICES:
        raise HTTPException(404, f"there is no product {order.product}")
    total = PRICES[order.product] * order.quantity
    return Receipt(product=order.product, quantity=order.quantity, total=total)
