import pytest

from app import app


@pytest.fixture
def client():
    return app.test_client()


def test_the_products_are_listed(client):
    response = client.get("/products")
    assert response.status_code == 200
    assert "<li>Kettle</li>" in response.text


def test_a_product(client):
    assert client.get("/api/products/cup").json == {"name": "Cup", "price": 4.5}
    assert client.get("/api/products/spoon").status_code == 404


def test_the_total_of_an_order(client):
    assert client.post("/api/total", json={"cup": 2, "teapot": 1}).json == {"total": 33.5}
    assert client.post("/api/total", json={"spoon": 1}).status_code == 422
