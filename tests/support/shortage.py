"""A gateway that is short of descriptors."""

import contextlib
import itertools
import os
import resource

from support.ports import steady


def open_descriptors(server):
    """By number."""
    return steady(lambda: {int(name) for name in os.listdir(f"/proc/{server.process.pid}/fd")}, "descriptors")


@contextlib.contextmanager
def few_descriptors(server, more=0):
    """So many more than it has, and no other."""
    pid, held = server.process.pid, open_descriptors(server)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    free = (number for number in itertools.count() if number not in held)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (next(itertools.islice(free, more, None)), before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
