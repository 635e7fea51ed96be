"""Runs cargo, and measures the time of the clock and of the CPU."""

import os
import pathlib
import resource
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cargo(arguments, folder, **environment):
    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    started = time.monotonic(), cpu()
    subprocess.run(["cargo", *arguments], cwd=folder, check=True, env={**os.environ, **environment})
    return time.monotonic() - started[0], cpu() - started[1]
