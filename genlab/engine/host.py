"""The engine process: the worker in its thread, a reader here, a sender beside."""

from __future__ import annotations

import gc
import os
import signal
import threading
from multiprocessing.connection import Connection
from time import perf_counter


def main(connection: Connection) -> None:
    """Serve over a connection until Shutdown, or until the other side is gone: then save and end."""
    start = perf_counter()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is imported lives on: to search it for garbage costs a sixth of the start.
    gc.disable()
    from genlab.engine.outbox import Outbox
    from genlab.engine.protocol import EngineReady, Shutdown
    from genlab.engine.warm import warm
    from genlab.settings.plugins import problems

    outbox = Outbox(connection)
    from genlab.engine.failures import ended
    from genlab.engine.worker import Worker

    worker = Worker(outbox.put)

    def serve() -> None:
        try:
            devices, versions = warm()
            gc.freeze()
            gc.enable()
            outbox.put(EngineReady(os.getpid(), devices, versions, perf_counter() - start, problems()))
            worker.run()
        except BaseException as problem:
            outbox.put(ended(problem))

    thread = threading.Thread(target=serve, name="genlab-worker")
    thread.start()
    gone = False
    while thread.is_alive():
        try:
            if connection.poll(0.2):
                command = connection.recv()
                worker.inbox.put(command)
                if isinstance(command, Shutdown):
                    break
        except (EOFError, ConnectionResetError, OSError):
            gone = True
            worker.inbox.put(Shutdown())
            break
    thread.join()
    if not gone:
        outbox.close()
