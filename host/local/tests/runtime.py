"""A custom runtime of a few lines. An event's field "do" says what it does with it."""

import http.client
import json
import os
import subprocess
import sys
import time

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime/"


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(HOST)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, reply.headers, content


def reply_to(event):
    act = event.get("do", "")
    if act == "env":
        return {"env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv[1:]}
    if act == "child":
        return {"child": subprocess.Popen(["sleep", "600"]).pid}
    if act.startswith("sleep "):
        time.sleep(float(act.split()[1]))
    if act.startswith("print "):
        print(act[6:], flush=True)
        print(act[6:].upper(), file=sys.stderr, flush=True)
    if act.startswith("exit "):
        os._exit(int(act.split()[1]))
    if act == "kill":
        os.kill(os.getpid(), 9)
    if act == "raise":
        raise ValueError("out of cheese")
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": str(os.getpid())}


start = os.environ.get("START", "")
if start == "init-error":
    error = {"errorType": "Runtime.NoCheese", "errorMessage": "no cheese in the house"}
    call("POST", BASE + "init/error", json.dumps(error), {"Lambda-Runtime-Function-Error-Type": "Runtime.NoCheese"})
    sys.exit(1)
if start == "exit":
    sys.exit(7)
if start == "hang":
    time.sleep(600)
if start == "extension":
    import signal
    import threading

    _, headers, _ = call("POST", "/2020-01-01/extension/register", "{}", {"Lambda-Extension-Name": "inner"})
    mine = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}

    def wait_for_shutdown():
        _, _, event = call("GET", "/2020-01-01/extension/event/next", None, mine)
        print("told " + json.loads(event)["eventType"], flush=True)

    def leave(*_):
        print("leaving", flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    threading.Thread(target=wait_for_shutdown, daemon=True).start()

while True:
    _, headers, event = call("GET", BASE + "invocation/next")
    at = BASE + "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        call("POST", at + "/response", json.dumps(reply_to(json.loads(event))))
    except Exception as error:
        failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
        call("POST", at + "/error", json.dumps(failure))
