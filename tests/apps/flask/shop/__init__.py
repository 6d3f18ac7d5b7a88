"""A shop, as a Flask app."""

import logging

from flask import Flask

from . import api, diagnostics, errors, files, pages, settings


def create_app() -> Flask:
    logging.basicConfig(level=logging.INFO)
    app = Flask(__name__)
    app.secret_key = settings.SECRET_KEY
    app.json.sort_keys = False
    for module in (pages, api, files, diagnostics):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    return app
