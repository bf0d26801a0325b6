"""The benchmark: what GenLab promises in numbers, measured on this machine (``make bench``)."""
