"""Noise paths, denoisers and guidance, solvers, and the likelihood of the probability-flow ODE."""
