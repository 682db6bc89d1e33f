import functools


def retry(times):
    """Try again."""
    def around(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args)  # -> retry.around.inner
        return inner  # -> retry.around
    return around  # -> retry


class TestTill:
    """The till."""

    rate = 0.2  # -> TestTill

    @retry(3)
    async def test_total(self, cents: int) -> None:
        """Adds
        up."""
        assert sum([cents]) == 3  # -> TestTill.test_total


top = 1  # ->
