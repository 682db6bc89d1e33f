"""What triage says, as CI services read it: SARIF, GitHub's annotations, a Markdown summary. One file a format.

Each gets the answer of `operations.triage`, which holds no secrets and nothing that a terminal obeys, and the analysis.
"""
