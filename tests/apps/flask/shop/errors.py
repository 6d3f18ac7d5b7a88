"""The pages for what went wrong."""

from flask import Flask, render_template


def register(app: Flask) -> None:
    @app.errorhandler(404)
    def not_found(error: Exception) -> tuple[str, int]:
        return render_template("404.html"), 404

    @app.errorhandler(500)
    def failed(error: Exception) -> tuple[str, int]:
        return render_template("500.html"), 500
