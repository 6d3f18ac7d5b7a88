"""A shop, as a Starlette app."""
