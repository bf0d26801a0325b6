"""The engine: messages, client, process, worker thread, training step."""

import os

# Read when torch is first loaded. Threads that wait by spinning slow small networks down many times over
# as soon as anything else wants the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
