import os
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

os.environ["SECRET_KEY"] = "a key for tests"


@pytest.fixture
def client() -> Iterator[TestClient]:
    from shop.main import app

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
