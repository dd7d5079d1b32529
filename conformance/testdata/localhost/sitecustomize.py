"""Python finds names below localhost on this machine, as it does where the system's resolver knows them."""

import socket

resolve = socket.getaddrinfo


def getaddrinfo(host, *args, **kwargs):
    return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **kwargs)


socket.getaddrinfo = getaddrinfo
