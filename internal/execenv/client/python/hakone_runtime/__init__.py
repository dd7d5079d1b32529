"""hakone's runtime client for Python functions.

It speaks the Lambda Runtime API as frames over descriptor 3 (see the Go
package runtimeapi) and behaves as AWS's own client does. The process may be
started before it is known which function it will run: the first frame says so.
"""
