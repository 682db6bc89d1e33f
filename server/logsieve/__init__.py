"""LogSieve finds the root cause in failing CI and build logs."""

__all__ = ["__version__"]

__version__ = "0.1.0"
