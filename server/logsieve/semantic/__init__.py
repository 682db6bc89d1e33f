"""The learned scorer: how much a line looks like what explains a failure. Weights that ship, and numpy alone."""
