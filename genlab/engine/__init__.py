"""The engine: messages, client, process, worker thread, training step."""

import os

# GNU's OpenMP reads it when torch is first loaded. Threads that wait without spinning halve the speed of
# sampling; those that spin for long, as by default, halve that of training once others want the cores.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# glibc reads it when a process starts: the engine's threads then share one heap, which keeps its size.
os.environ.setdefault("MALLOC_ARENA_MAX", "1")
