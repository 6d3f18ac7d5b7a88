"""Makes what the handlers of this test use, with the function's own keys: a table, a bucket, a queue, two secrets.

usage: resources.py ENDPOINT make
       resources.py ENDPOINT rotate TEXT, which gives the secret `test/database` another password
"""

import json
import sys
from typing import Any

import boto3

NAME = "things"
SECRET = "test/database"
PARAMETER = "/test/api-key"


def client(service: str, endpoint: str) -> Any:
    return boto3.client(service, endpoint_url=endpoint)


def make(endpoint: str) -> None:
    client("dynamodb", endpoint).create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    objects = client("s3", endpoint)
    objects.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": objects.meta.region_name})
    client("sqs", endpoint).create_queue(QueueName=NAME)
    secrets = client("secretsmanager", endpoint)
    secrets.create_secret(Name=SECRET, SecretString=json.dumps({"user": "shop", "password": "the first password"}))
    secrets.create_secret(Name="test/binary", SecretBinary=b"\0\1\2")
    secrets.create_secret(Name="test/plain", SecretString="no JSON")
    client("ssm", endpoint).put_parameter(Name=PARAMETER, Value="the API key", Type="SecureString")


def rotate(endpoint: str, password: str) -> None:
    value = json.dumps({"user": "shop", "password": password})
    client("secretsmanager", endpoint).put_secret_value(SecretId=SECRET, SecretString=value)


def main() -> None:
    endpoint, action, *values = sys.argv[1:]
    {"make": make, "rotate": rotate}[action](endpoint, *values)


if __name__ == "__main__":
    main()
