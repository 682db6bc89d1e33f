"""A file a feature: a pure function of (Analysis, Coordinates, ...), and the handler that asks it and maps the answer.

The worker runs the functions, the front the handlers, which import protocol types inside, to spare the worker.
"""
