"""Runs inside the component."""
