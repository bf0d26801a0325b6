"""How good a model is: distances, coverage, likelihood, and the floor of each."""
