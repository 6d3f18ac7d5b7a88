import pytest
from fastapi.testclient import TestClient

from main import app


@pytest.fixture
def client():
    return TestClient(app)


def test_the_products_are_listed(client):
    assert "<li>Kettle</li>" in client.get("/products").text


def test_a_product(client):
    assert client.get("/api/products/cup").json() == {"name": "Cup", "price": 4.5}
    assert client.get("/api/products/spoon").status_code == 404


def test_the_total_of_an_order(client):
    order = [{"product": "cup", "count": 2}, {"product": "teapot"}]
    assert client.post("/api/total", json=order).json() == {"total": 33.5}


@pytest.mark.parametrize("count", [0, 101, "many"])
def test_an_invalid_count_is_refused(client, count):
    assert client.post("/api/total", json=[{"product": "cup", "count": count}]).status_code == 422
