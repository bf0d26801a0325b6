"""Backbones: perceptrons, U-Net, coders, the networks of flows and of adversaries."""
