"""Time processes: what diffusion, score-based models and flow matching share."""
