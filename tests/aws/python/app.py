"""A handler that uses DynamoDB, S3 and SQS by boto3, as docs/aws.md shows it. It knows nothing of keys."""

import json
import os
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

NAME = "things"
KEY = "a b/ü+(1)!*'~=&/../c//d.txt"


@cache
def client(service: str, endpoint: str | None = None) -> Any:
    return boto3.client(service, endpoint_url=endpoint)


def dynamodb(query: dict[str, str]) -> Any:
    thing = {"id": {"S": "ü"}, "count": {"N": "3"}}
    client("dynamodb").put_item(TableName=NAME, Item=thing)
    found = client("dynamodb").get_item(TableName=NAME, Key={"id": {"S": "ü"}})["Item"]
    return {"count": found["count"]["N"], "id": found["id"]["S"]}


def s3(query: dict[str, str]) -> Any:
    body = bytes(range(256)) * (int(query["size"]) // 256 + 1)
    body = body[: int(query["size"])]
    client("s3").put_object(Bucket=NAME, Key=KEY, Body=body, Metadata={"a": "b  c"})
    answer = client("s3").get_object(Bucket=NAME, Key=KEY)
    listed = client("s3").list_objects_v2(Bucket=NAME, Prefix="a b/ü+")["Contents"]
    same = answer["Body"].read() == body and [each["Key"] for each in listed] == [KEY]
    return {"same": same, "size": listed[0]["Size"]}


def sqs(query: dict[str, str]) -> Any:
    url = client("sqs").get_queue_url(QueueName=NAME)["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="a message with ü")
    (message,) = client("sqs").receive_message(QueueUrl=url)["Messages"]
    client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return {"message": message["Body"]}


def own(query: dict[str, str]) -> Any:
    """Signed by this program alone: the host does not sign requests to this origin."""
    config = Config(retries={"total_max_attempts": 1})
    boto3.client("dynamodb", endpoint_url=os.environ["OTHER_URL"], config=config).list_tables()
    return {"signed": "by the handler"}


def environment(query: dict[str, str]) -> Any:
    return dict(os.environ)


def hold(query: dict[str, str]) -> Any:
    """Signed requests, and then time to search this memory, which has the text of the query in it."""
    dynamodb(query)
    s3({"size": "1000"})
    time.sleep(float(query["seconds"]))
    return {"held": query["marker"]}


ROUTES: dict[str, Callable[[dict[str, str]], Any]] = {
    "/dynamodb": dynamodb,
    "/s3": s3,
    "/sqs": sqs,
    "/own": own,
    "/environment": environment,
    "/hold": hold,
}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    status, told = "200 OK", None
    try:
        told = ROUTES[environ["PATH_INFO"]](query)
    except ClientError as error:
        status = "502 Bad Gateway"
        told = {"error": str(error), "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    except BotoCoreError as error:
        status, told = "502 Bad Gateway", {"error": str(error)}
    start_response(status, [("content-type", "application/json")])
    return [json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()]
