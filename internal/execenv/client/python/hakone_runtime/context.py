"""The context object that handlers get."""

import json
import os
import time

from .failures import Fault


class _Fields:
    """Prints as Name([field=value,…])."""

    _fields = ()

    def __repr__(self):
        return "%s([%s])" % (
            type(self).__name__,
            ",".join("%s=%s" % (f, getattr(self, f)) for f in self._fields),
        )


class Client(_Fields):
    _fields = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    __slots__ = _fields


class ClientContext(_Fields):
    _fields = ("custom", "env", "client")
    __slots__ = _fields


class CognitoIdentity(_Fields):
    _fields = ("cognito_identity_id", "cognito_identity_pool_id")
    __slots__ = _fields


class LambdaContext(_Fields):
    _fields = (
        "aws_request_id",
        "log_group_name",
        "log_stream_name",
        "function_name",
        "memory_limit_in_mb",
        "function_version",
        "invoked_function_arn",
        "client_context",
        "identity",
        "tenant_id",
    )

    def __init__(self, request_id, client_context, identity, deadline, arn, tenant, sink):
        self.aws_request_id = request_id
        (
            self.log_group_name,
            self.log_stream_name,
            self.function_name,
            self.memory_limit_in_mb,
            self.function_version,
        ) = _set or _environment()
        self.invoked_function_arn = arn
        self.tenant_id = tenant or None
        self.client_context = _client_context(client_context) if client_context else None
        self.identity = _identity(identity)
        self._epoch_deadline_time_in_ms = deadline
        LambdaContext._sink = sink

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def log(self, msg):
        self._sink(str(msg))


# What the environment says, read once: its names are reserved.
_set = ()


def _environment():
    global _set
    _set = tuple(
        os.environ.get("AWS_LAMBDA_" + name)
        for name in ("LOG_GROUP_NAME", "LOG_STREAM_NAME", "FUNCTION_NAME", "FUNCTION_MEMORY_SIZE", "FUNCTION_VERSION")
    )
    return _set


def _make(cls, values):
    made = cls()
    for name in cls._fields:
        setattr(made, name, values.get(name) if values else None)
    return made


def _client_context(text):
    try:
        values = json.loads(text)
    except Exception as e:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse Client Context JSON: %s" % e)
    made = _make(ClientContext, values)
    made.client = _make(Client, values["client"]) if values and values.get("client") else None
    return made


def _identity(text):
    made = CognitoIdentity()
    if not text:
        made.cognito_identity_id = made.cognito_identity_pool_id = None
        return made
    try:
        values = json.loads(text)
    except Exception as e:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse Cognito Identity JSON: %s" % e)
    made.cognito_identity_id = values.get("cognitoIdentityId")
    made.cognito_identity_pool_id = values.get("cognitoIdentityPoolId")
    return made
