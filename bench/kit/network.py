"""A loopback of the bench's own, so that how TCP sends there is chosen and not the machine's."""

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


def congestion_control():
    return CONGESTION.read_text().strip()


def leave_for_own_loopback(congestion):
    """This process and all it starts from now on see a network of loopback alone; the machine's is not touched."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        raise SystemExit(f"bench: --congestion needs a network namespace: {os.strerror(ctypes.get_errno())}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
    try:
        CONGESTION.write_text(congestion)
    except OSError as error:
        known = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().strip()
        raise SystemExit(f"bench: --congestion {congestion!r}: {error.strerror}; there are: {known}") from error
