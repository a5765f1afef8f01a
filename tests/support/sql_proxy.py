"""Stands between a gateway and MariaDB's unix socket, and loses what it is told to lose."""

import os
import select
import socket
import threading

# What becomes of one of the client's packets; or a function that returns one of these, and takes its time, as this connection's alone:
QUESTION = "question"  # it is not handed on; both sides are hung up on
ANSWER = "answer"  # it is handed on; its answer is lost, and both sides are hung up on
SILENCE = "silence"  # it is handed on; the client waits for the answer until it gives up
CONFLICT = "conflict"  # instead of it a ROLLBACK is handed on; the client is told of a deadlock, as by a cluster's COMMIT

ROLLBACK = b"\x09\0\0\0\x03ROLLBACK"
DEADLOCK = b"\x00\0\0\x01\xff\xbd\x04#40001Deadlock found"
DEADLOCK = bytes([len(DEADLOCK) - 4]) + DEADLOCK[1:]


class SqlProxy:
    """judge(packet) is asked about each packet of a client, whichever connection it comes on: None hands it on."""

    def __init__(self, path, upstream):
        self.path, self.upstream = str(path), upstream
        self.judge, self.lock = None, threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.upstream)
            while self.hand_on(client, server):
                pass
        except OSError:
            pass
        client.close()
        server.close()

    def hand_on(self, client, server):
        """Whatever came, of both sides. False: the connection is over."""
        ready, _, _ = select.select([client, server], [], [])
        for source, target in ((server, client), (client, server)):
            if source not in ready:
                continue
            packet = source.recv(1 << 20)
            fate = self.ask(packet) if source is client and packet else None
            if not packet or fate == QUESTION:
                return False
            if fate == CONFLICT:
                server.sendall(ROLLBACK)
                server.recv(1 << 20)
                client.sendall(DEADLOCK)
                continue
            target.sendall(packet)
            if fate:
                server.recv(1 << 20)
                if fate == SILENCE:
                    client.recv(1)
                return False
        return True

    def ask(self, packet):
        with self.lock:
            fate = self.judge(packet) if self.judge else None
        return fate() if callable(fate) else fate

    def stop(self):
        self.listener.close()
        os.unlink(self.path)


class Once:
    """Judges the first packet that holds the words, once; the others pass. seen: how often the words came by."""

    def __init__(self, fate, words):
        self.fate, self.words, self.seen = fate, words, 0

    def __call__(self, packet):
        if self.words not in packet:
            return None
        self.seen += 1
        return self.fate if self.seen == 1 else None


class Nth:
    """Judges the packet of this number, counted from now; struck: it has come."""

    def __init__(self, fate, number):
        self.fate, self.left, self.struck = fate, number, None

    def __call__(self, packet):
        self.left -= 1
        if self.left != 0:
            return None
        self.struck = packet
        return self.fate
