import pytest
from fastapi.testclient import TestClient
from main import app


@pytest.fixture
def client() -> TestClient:
    return TestClient(app)


def test_home(client: TestClient) -> None:
    assert client.get("/").json() == {"message": "Hello from FastAPI"}


def test_products(client: TestClient) -> None:
    assert "<li>cup: 4.50</li>" in client.get("/products").text


def test_an_order_has_a_total(client: TestClient) -> None:
    response = client.post("/orders", json={"product": "cup", "quantity": 2})
    assert response.status_code == 201
    assert response.json() == {"product": "cup", "quantity": 2, "total": 9.0}


@pytest.mark.parametrize(("quantity", "status"), [(0, 422), ("many", 422), (100, 201)])
def test_a_quantity_is_checked(client: TestClient, quantity: object, status: int) -> None:
    assert client.post("/orders", json={"product": "cup", "quantity": quantity}).status_code == status


def test_an_unknown_product(client: TestClient) -> None:
    assert client.post("/orders", json={"product": "fork"}).status_code == 404
