"""Makes a component of an app: `python -m funcserver.build`, run by Python of the app's own environment."""
