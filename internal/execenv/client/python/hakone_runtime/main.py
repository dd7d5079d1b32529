"""Takes one function and runs it until the host closes the channel."""

import importlib
import importlib.machinery
import json
import os
import sys
import time

from . import failures, logs
from .channel import ERROR, INIT_ERROR, RESPONSE, START, Channel
from .context import LambdaContext
from .failures import Fault
from .results import Encoder

# What Lambda's own Python brings besides the standard library. They are taken
# from the interpreter's packages, if they are installed there; nothing else is.
_bundled = frozenset(
    ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "simplejson", "awslambdaric")
)

_warning = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. "
    "For functions using managed runtimes, runtime updates can be triggered by a function change, or can be applied "
    "automatically. To determine if the runtime has been updated, check the runtime version in the INIT_START log entry. "
    "If this error correlates with a change in the runtime version, you may be able to mitigate this error by "
    "temporarily rolling back to the previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)


class _Bundled:
    """Finds the bundled packages."""

    def __init__(self, folders):
        self._folders = folders

    def find_spec(self, name, path=None, target=None):
        if path is None and name in _bundled:
            return importlib.machinery.PathFinder.find_spec(name, self._folders)
        return None


def main(fd=3):
    os.set_inheritable(fd, False)
    channel = Channel(fd)
    frame = channel.receive()
    if frame is None or frame[0] != START:
        return
    start = json.loads(frame[2])
    try:
        handler, encoder = _set_up(start)
    except Exception as e:
        import logging

        described = failures.describe(e, "")
        logging.getLogger().warning(_warning)
        logs.failure(described, failures.lines(described))
        channel.send(INIT_ERROR, described["errorType"].encode(), json.dumps(described).encode())
        sys.exit(1)
    _serve(channel, handler, encoder)


def _set_up(start):
    os.environ.clear()
    os.environ.update(start["env"])
    time.tzset()
    os.chdir(start["task"])
    task, opt, runtime = start["task"], start["opt"], start["runtimeDir"]
    version = failures.version()
    library = os.path.dirname(os.__file__)
    sys.path[:] = [
        task,
        *(p for p in start.get("pythonPath") or () if p),
        os.path.join(opt, "python", "lib", version, "site-packages"),
        os.path.join(opt, "python"),
        *(p for p in sys.path if p == library or p.startswith(library + os.sep) or p.endswith(".zip")),
        runtime,
    ]
    sys.meta_path.append(_Bundled(start.get("bundled") or []))
    sys.dont_write_bytecode = True  # /var/task is read only
    sys.argv = ["/var/runtime/bootstrap.py"]
    failures.paths.shown = [
        (task + os.sep, "/var/task/"),
        (opt + os.sep, "/opt/"),
        (library + os.sep, "/var/lang/lib/%s/" % version),
    ]
    importlib.invalidate_caches()
    logs.set_up()
    encoder = Encoder(ascii_only=start["runtime"] in ("python3.8", "python3.9", "python3.10", "python3.11"))
    return _load(start["handler"]), encoder


def _load(handler):
    try:
        module, name = handler.rsplit(".", 1)
    except ValueError as e:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, e))
    dotted = module.replace("/", ".")
    if dotted.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module)
    try:
        loaded = importlib.import_module(dotted)
    except ImportError as e:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, e))
    except SyntaxError as e:
        raise failures.syntax_fault(module, e)
    try:
        return getattr(loaded, name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (name, module))


def _serve(channel, handler, encoder):
    channel.ask()
    while True:
        frame = channel.receive()
        if frame is None:
            return
        kind, head, payload = frame
        request_id, deadline, arn, trace, client_context, identity, tenant = head.decode().split("\0")
        logs.request_id = request_id
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            kind, body = _call(
                handler, encoder, payload, (request_id, client_context, identity, int(deadline), arn, tenant, logs.write)
            )
        except Exception as e:
            described = failures.describe(e, request_id)
            logs.failure(described, failures.lines(described))
            head = "%s\0%s" % (request_id, described["errorType"])
            channel.send(ERROR, head.encode(), json.dumps(described).encode(), then_next=True)
        else:
            channel.send(RESPONSE, ("%s\0%s\0" % (request_id, kind)).encode(), body, then_next=True)


_scan = json.JSONDecoder().scan_once


def _decode(payload):
    """Is json.loads, without its preparations where an object is all that there is."""
    if payload[:1] == b"{":
        text = payload.decode("utf-8", "surrogatepass")
        try:
            value, end = _scan(text, 0)
            if end == len(text):
                return value
        except StopIteration:
            pass
    return json.loads(payload)


def _call(handler, encoder, payload, fields):
    context = LambdaContext(*fields)
    try:
        event = _decode(payload)
    except Exception as e:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % e)
    result = handler(event, context)
    if isinstance(result, bytes):
        return "application/unknown", result
    try:
        return "application/json", encoder.encode(result).encode("utf-8", "surrogatepass")
    except Exception as e:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % e)
