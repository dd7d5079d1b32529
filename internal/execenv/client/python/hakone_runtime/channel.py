"""Frames to and from the host, over one descriptor."""

import os
import struct

START, EVENT, NEXT, RESPONSE, ERROR, INIT_ERROR = 1, 2, 3, 4, 5, 6

_header = struct.Struct(">B3xII")
_next = _header.pack(NEXT, 0, 0)


class Channel:
    def __init__(self, fd):
        self.fd = fd
        self.buffer = b""

    def receive(self):
        """Returns kind, head and body of the next frame, or None at the end."""
        buffer = self.buffer
        while len(buffer) < _header.size:
            chunk = os.read(self.fd, 65536)
            if not chunk:
                return None
            buffer += chunk
        kind, head, body = _header.unpack_from(buffer)
        end = _header.size + head + body
        if len(buffer) < end:
            parts, have = [buffer], len(buffer)
            while have < end:
                chunk = os.read(self.fd, min(end - have, 1 << 20))
                if not chunk:
                    return None
                parts.append(chunk)
                have += len(chunk)
            buffer = b"".join(parts)
        self.buffer = buffer[end:]
        at = _header.size + head
        return kind, buffer[_header.size : at], buffer[at:end]

    def send(self, kind, head, body, then_next=False):
        frame = b"".join((_header.pack(kind, len(head), len(body)), head, body, _next if then_next else b""))
        self._write(frame)

    def ask(self):
        self._write(_next)

    def _write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]
