from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

app = FastAPI(title="Shop")
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


class Product(BaseModel):
    name: str
    price: float


class Line(BaseModel):
    product: str
    count: Annotated[int, Field(ge=1, le=100)] = 1


class Total(BaseModel):
    total: float


PRODUCTS = {
    "kettle": Product(name="Kettle", price=39.0),
    "teapot": Product(name="Teapot", price=24.5),
    "cup": Product(name="Cup", price=4.5),
}


@app.get("/")
async def home() -> dict[str, str]:
    return {"message": "Hello from FastAPI"}


@app.get("/products", response_class=HTMLResponse)
async def products(request: Request):
    return templates.TemplateResponse(request, "products.html", {"products": PRODUCTS.values()})


@app.get("/api/products/{key}")
async def product(key: str) -> Product:
    if key not in PRODUCTS:
        raise HTTPException(404, f"there is no product {key}")
    return PRODUCTS[key]


@app.post("/api/total")
async def total(order: list[Line]) -> Total:
    """The price of an order such as [{"product": "cup", "count": 2}]."""
    prices = [(await product(line.product)).price * line.count for line in order]
    return Total(total=sum(prices))
