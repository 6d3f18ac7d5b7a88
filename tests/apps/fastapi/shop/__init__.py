"""A shop, as a FastAPI app."""
