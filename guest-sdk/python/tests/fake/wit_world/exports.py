class IncomingHandler:
    """What a handler is derived from."""
