"""What a WSGI server serves."""

from . import create_app

app = create_app()
