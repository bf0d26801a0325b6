"""The engine: messages, client, process, worker thread, training step."""

import os

# GNU's OpenMP reads it when torch is first loaded. Threads that wait without spinning halve the speed of
# sampling; those that spin for long, as by default, halve that of training once others want the cores.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
