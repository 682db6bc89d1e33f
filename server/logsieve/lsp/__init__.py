"""The language server: a thin front that speaks the protocol, and a worker process that owns texts and analyses."""
