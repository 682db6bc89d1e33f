"""The engine: pure stages from LogText to Analysis, and from Analysis to an excerpt. No I/O, never an exception on
content.
"""
