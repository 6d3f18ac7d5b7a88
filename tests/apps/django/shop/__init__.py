"""A shop, as a Django project with one app."""
