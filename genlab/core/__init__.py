"""Model, stages and players, classes, time processes: no paradigm by name."""
