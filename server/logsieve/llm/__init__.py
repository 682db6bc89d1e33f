"""Ask a language model about a log: `explain.prepare` makes the payload, `explain.run` sends exactly that and streams.

`provider` says what an API is, `openai_api` and `anthropic_api` are such, `client` talks to them. `reading` is what a
model may ask for. `verify.verify` marks what the answer quotes and the log does not hold; `consent` remembers what the
user agreed to. Nothing here decides to send: a face asks the user first, shows `Prepared.payload`, and calls `run`.
"""
