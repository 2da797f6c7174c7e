"""Let threads that answer questions give way to those that take records.

A question uses every core it can get, and an acknowledgement waits for a core. On Linux each thread
has its own niceness, and the threads that DuckDB starts have that of the one that opens the ledger.
"""

import os
import sys
import threading
from typing import Final

NICENESS: Final = 10
"""A tenth of a core's time when a thread of usual priority wants it all."""


def yield_to_receivers() -> None:
    """For the calling thread, which cannot take it back; nothing where threads share a niceness."""
    if sys.platform == "linux":
        own = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, own) < NICENESS:
            os.setpriority(os.PRIO_PROCESS, own, NICENESS)
