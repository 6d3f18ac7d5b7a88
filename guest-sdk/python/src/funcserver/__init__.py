"""What an app may use of funcserver. It needs none of it: `component.app` in funcserver.toml names the app.

The module can be imported natively too, so that tests and development servers of the app run as usual.
"""

from funcserver.start import on_start, serve

__all__ = ["on_start", "serve"]
