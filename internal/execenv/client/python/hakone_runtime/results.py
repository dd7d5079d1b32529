"""What a handler returned, as JSON in the form that Lambda's Python gives it.

That form is simplejson's: named tuples are objects, Decimals keep their
digits, bytes are text. Plain values take the interpreter's fast encoder.
"""

import json
import marshal
from json.encoder import encode_basestring, encode_basestring_ascii


class Encoder:
    def __init__(self, ascii_only):
        self._string = encode_basestring_ascii if ascii_only else encode_basestring
        self._fast = _fast(ascii_only, self._string)

    def encode(self, value):
        try:
            # marshal takes values of exactly the built-in types, which it finds
            # out faster than Python code could.
            marshal.dumps(value)
        except (ValueError, RecursionError):
            parts = []
            self._encode(value, parts.append, set())
            return "".join(parts)
        return self._fast(value)

    def _encode(self, value, out, open_values):
        if value is None:
            out("null")
        elif value is True:
            out("true")
        elif value is False:
            out("false")
        elif isinstance(value, str):
            out(self._string(value))
        elif isinstance(value, bytes):
            out(self._string(_text_of_bytes(value)))
        elif isinstance(value, int):
            out(int.__repr__(value))
        elif isinstance(value, float):
            out(_number(value))
        elif isinstance(value, (list, tuple, dict)):
            self._encode_container(value, out, open_values)
        elif type(value).__name__ == "Decimal" and type(value).__module__ in ("decimal", "_decimal", "_pydecimal"):
            out("NaN" if value.is_nan() else str(value))
        else:
            _text_of_bytes(value)  # raises

    def _encode_container(self, value, out, open_values):
        if id(value) in open_values:
            raise ValueError("Circular reference detected")
        open_values.add(id(value))
        if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
            pairs = value._asdict().items()
        elif isinstance(value, dict):
            pairs = value.items()
        else:
            pairs = None
        first = True
        out("[" if pairs is None else "{")
        for item in value if pairs is None else pairs:
            if not first:
                out(", ")
            first = False
            if pairs is not None:
                key, item = item
                out(self._string(_key(key)))
                out(": ")
            self._encode(item, out, open_values)
        out("]" if pairs is None else "}")
        open_values.discard(id(value))


def _fast(ascii_only, string):
    """Returns the interpreter's own encoder, made once for all calls where that can be."""
    markers = {}
    try:
        encode = json.encoder.c_make_encoder(markers, _text_of_bytes, string, None, ": ", ", ", False, False, True)
        encode(None, 0)
    except Exception:  # an interpreter without, or with another one
        return json.JSONEncoder(ensure_ascii=ascii_only, default=_text_of_bytes).encode

    def fast(value):
        try:
            return "".join(encode(value, 0))
        except BaseException:
            markers.clear()
            raise

    return fast


def _number(value):
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _key(key):
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode("utf-8")
    if key is None:
        return "null"
    if key is True:
        return "true"
    if key is False:
        return "false"
    if isinstance(key, int):
        return int.__repr__(key)
    if isinstance(key, float):
        return _number(key)
    raise TypeError("keys must be str, int, float, bool or None, not " + type(key).__name__)


def _text_of_bytes(value):
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
