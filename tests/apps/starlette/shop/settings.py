"""The app's settings, from the environment."""

from starlette.config import Config
from starlette.datastructures import Secret

config = Config()

SECRET_KEY = config("SECRET_KEY", cast=Secret)
GREETING = config("GREETING", default="Hello")
