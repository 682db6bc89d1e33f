"""Ask a language model about a log: `explain.prepare` makes the payload, `explain.run` sends exactly that and streams.

`verify.verify` marks what the answer quotes and the log does not hold; `consent.Consent` remembers agreed endpoints.
Nothing here decides to send: a face asks the user first, shows `Prepared.payload`, and calls `run` with it.
"""
