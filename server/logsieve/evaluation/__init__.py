"""How good LogSieve is on labelled logs, and where the shipped model comes from."""
