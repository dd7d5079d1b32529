"""Errors as Lambda reports them."""

import linecache
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Fault(Exception):
    """A failure that the client itself finds, with AWS's name for it."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = list(trace)


class Paths:
    """Shows files where they are on Lambda."""

    def __init__(self):
        self.shown = []

    def show(self, path):
        for real, shown in self.shown:
            if path.startswith(real):
                return shown + path[len(real) :]
        return path


paths = Paths()


def describe(error, request_id):
    """Returns the error as the object that the caller gets."""
    if isinstance(error, Fault):
        error_type, message, trace = error.error_type, error.message, error.trace
    else:
        error_type, message, trace = type(error).__name__, str(error), _trace(error.__traceback__)
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def _trace(tb):
    # The frames of this client, which are at the top, are nobody's business.
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_here):
        tb = tb.tb_next
    entries = []
    while tb is not None:
        code = tb.tb_frame.f_code
        entry = '  File "%s", line %d, in %s\n' % (paths.show(code.co_filename), tb.tb_lineno, code.co_name)
        line = linecache.getline(code.co_filename, tb.tb_lineno, tb.tb_frame.f_globals).strip()
        if line:
            entry += "    %s\n" % line
        entries.append(entry)
        tb = tb.tb_next
    return entries


def syntax_fault(module, error):
    trace = []
    if error.filename:
        text = (error.text or "").rstrip("\n")
        trace.append('  File "%s" Line %s\n    %s\n' % (paths.show(error.filename), error.lineno, text))
    return Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, error), trace)


def lines(described):
    """Returns the error as the text that Lambda logs."""
    head = described["errorType"]
    if described["errorMessage"]:
        head += ": " + described["errorMessage"]
    out = ["[ERROR] " + head, "Traceback (most recent call last):"]
    for entry in described["stackTrace"]:
        out += entry.rstrip("\n").split("\n")
    # CloudWatch trims ordinary blanks.
    return "\n".join("\u00a0" * (len(x) - len(x.lstrip(" "))) + x.lstrip(" ") for x in out)


def version():
    return "python%d.%d" % sys.version_info[:2]
