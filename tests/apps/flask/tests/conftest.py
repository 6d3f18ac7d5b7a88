import os

import pytest
from flask.testing import FlaskClient

os.environ["SECRET_KEY"] = "a key for tests"


@pytest.fixture
def client() -> FlaskClient:
    from shop.wsgi import app

    return app.test_client()
