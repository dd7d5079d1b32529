"""Frames to and from the host, over one descriptor."""

import os
import struct

START, EVENT, NEXT, RESPONSE, ERROR, INIT_ERROR = 1, 2, 3, 4, 5, 6

_header = struct.Struct(">B3xII")
_next = _header.pack(NEXT, 0, 0)
_usual = 4096  # bytes of an event, most often; more are more to make room for


class Channel:
    def __init__(self, fd):
        self.fd = fd
        self.buffer = b""

    def receive(self):
        """Returns kind, head and body of the next frame, or None at the end."""
        buffer = self.buffer
        while len(buffer) < _header.size:
            chunk = os.read(self.fd, _usual)
            if not chunk:
                return None
            buffer = buffer + chunk if buffer else chunk
        kind, head, body = _header.unpack_from(buffer)
        at = _header.size + head
        end = at + body
        have = len(buffer)
        if have < end:
            parts = [buffer]
            while have < end:
                chunk = os.read(self.fd, min(end - have, 1 << 20))
                if not chunk:
                    return None
                parts.append(chunk)
                have += len(chunk)
            buffer = b"".join(parts)
        self.buffer = buffer[end:]
        return kind, buffer[_header.size : at], buffer[at:end]

    def send(self, kind, head, body, then_next=False):
        self._write(b"".join((_header.pack(kind, len(head), len(body)), head, body, _next if then_next else b"")))

    def ask(self):
        self._write(_next)

    def _write(self, data):
        sent = os.write(self.fd, data)
        while sent < len(data):
            sent += os.write(self.fd, memoryview(data)[sent:])
