"""A child that ends with its parent, however the parent ends: nothing is left over from a process that was killed.

`python -m pipelines.parent_watch MODULE ARGUMENTS` runs a module so.
"""

import os
import runpy
import signal
import sys
import threading
import time

LOOK_EVERY = 0.5  # seconds


def end_with(parent: int) -> None:
    """End this process at once when its parent is no longer that process."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


if __name__ == "__main__":
    end_with(os.getppid())
    # a shell's job in the background begins with Ctrl-C ignored, by which Prefect ends its processes
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
