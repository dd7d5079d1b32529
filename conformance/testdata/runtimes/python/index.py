import logging


class Custom(Exception):
    pass


def handler(event, context):
    print("python says", event.get("do"))
    match event.get("do"):
        case "fail":
            raise Custom("it failed")
        case "set":
            return {1, 2}
        case "exit":
            raise SystemExit(3)
        case "log":
            logging.getLogger().warning("a warning")
    return {
        "event": event,
        "arn": context.invoked_function_arn.rpartition(":")[0],
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "identity": repr(context.identity),
        "time": context.get_remaining_time_in_millis() > 0,
        "umlaut": "é",
    }
