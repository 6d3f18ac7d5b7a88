"""A custom runtime of a few lines. It says which process it is; a path such as /sleep/0.5 makes it wait."""

import http.client
import json
import os
import sys
import time

print("ready", *sys.argv[1:], flush=True)
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    connection.request(method, "/2018-06-01/runtime/invocation/" + path, body)
    reply = connection.getresponse()
    return reply.headers, reply.read()


while True:
    headers, event = call("GET", "next")
    event = json.loads(event)
    if event["path"].startswith("/sleep/"):
        time.sleep(float(event["path"].split("/")[2]))
    if event["path"] == "/exit":
        sys.exit(7)
    answer = {
        "pid": os.getpid(),
        "memory": os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        "stage": os.environ.get("STAGE"),
    }
    reply = {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(answer)}
    call("POST", headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(reply))
