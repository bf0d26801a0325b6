"""Run folders, checkpoints, exports and the recipes inside them."""
