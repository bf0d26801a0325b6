"""Session: every setting of one run; the catalogue of paradigms, built in or plugged in."""
