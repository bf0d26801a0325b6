"""What each section of the benchmark measures, and what several of them share."""
