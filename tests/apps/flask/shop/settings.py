"""What the environment says."""

import os

SECRET_KEY = os.environ["SECRET_KEY"]
GREETING = os.environ.get("GREETING", "Hello")
