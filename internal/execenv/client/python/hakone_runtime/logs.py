"""The root logger as Lambda sets it up."""

import json
import logging
import os
import threading
import time

from .failures import paths

request_id = ""
_lock = threading.Lock()

_standard = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id", "taskName"}


def write(text):
    """Writes one log event, whole, whatever lines it has."""
    data = text.encode("utf-8", "backslashreplace")
    # Standard output carries lines, each an event. This mark says that an event
    # of the given length follows.
    data = memoryview(b"\x00\x1e%08x" % len(data) + data)
    with _lock:
        try:
            while data:
                data = data[os.write(1, data) :]
        except OSError:
            pass  # the function closed its standard output


class _Handler(logging.Handler):
    def emit(self, record):
        write(self.format(record))


class _RequestID(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id
        return True


class _JSONFormatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        entry = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0]:
            import traceback

            kind, error, tb = record.exc_info
            entry["stackTrace"] = [
                '  File "%s", line %d, in %s\n    %s\n' % (paths.show(f.filename), f.lineno, f.name, f.line)
                for f in traceback.extract_tb(tb)
            ]
            entry["errorType"], entry["errorMessage"] = kind.__name__, str(error)
        entry["requestId"] = record.aws_request_id
        if record.exc_info and record.exc_info[0]:
            entry["location"] = "%s:%s:%d" % (paths.show(record.pathname), record.funcName, record.lineno)
        entry.update((k, v) for k, v in vars(record).items() if k not in _standard)
        entry = {k: v for k, v in entry.items() if v is not None}
        return json.dumps(entry, ensure_ascii=False, default=str) + "\n"


def set_up():
    handler = _Handler()
    handler.addFilter(_RequestID())
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(_JSONFormatter())
    else:
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level)
    if level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        root.setLevel(level)


def failure(described, text):
    """Logs an error of the handler or of init."""
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        entry = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR"}
        entry.update(described)
        text = json.dumps(entry, ensure_ascii=False) + "\n"
    write(text)
