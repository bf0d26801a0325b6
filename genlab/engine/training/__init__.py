"""Training of any paradigm: steps, players, averages, budgets, threads."""
