"""Lock what several threads touch, without ever waiting for a thread that a fork left behind."""

import os
import threading


class ForkSafeLock:
    """A reentrant lock, new in a forked child.

    Reentrant, because a signal handler may come while the same thread holds it. For moments only,
    never around a call into the agent's code or the SDK's. Made once a module: it lives for ever.
    """

    def __init__(self) -> None:
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()
