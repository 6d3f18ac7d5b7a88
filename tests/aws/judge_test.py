"""The judge lets pass what boto3 signs with the function's keys, and refuses everything else.

usage: JUDGE_CERTIFICATE=FILE python -m unittest judge_test, in this folder
"""

import http.client
import json
import os
import unittest
from contextlib import closing
from typing import Any

import boto3
import judge
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

CERTIFICATE = os.environ["JUDGE_CERTIFICATE"]
KEYS = Credentials("AKIAJUDGETEST", "the function's secret", "the function's token")
REGION = "eu-central-1"
TABLE = {
    "TableName": "judged",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class JudgeTest(unittest.TestCase):
    ports: dict[str, int]

    @classmethod
    def setUpClass(cls) -> None:
        cls.ports = judge.start(CERTIFICATE, KEYS)

    def setUp(self) -> None:
        self.control("PUT", {})
        self.control("GET")

    def control(self, method: str, state: dict[str, Any] | None = None) -> Any:
        with closing(http.client.HTTPConnection(judge.HOST, self.ports["control"])) as connection:
            connection.request(method, "/", json.dumps(state) if state is not None else None)
            told = connection.getresponse().read()
        return json.loads(told) if told else None

    def client(self, service: str, port: str = "http", keys: Credentials = KEYS) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"{'https' if port == 'https' else 'http'}://{judge.HOST}:{self.ports[port]}",
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            verify=CERTIFICATE,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def test_boto3_is_right(self) -> None:
        for port in ("http", "https"):
            with self.subTest(port):
                database, objects, queues = (self.client(name, port) for name in ("dynamodb", "s3", "sqs"))
                database.create_table(**TABLE)
                database.put_item(TableName="judged", Item={"id": {"S": "ü"}})
                self.assertEqual(database.scan(TableName="judged")["Count"], 1)
                database.delete_table(TableName="judged")
                objects.create_bucket(Bucket="judged", CreateBucketConfiguration={"LocationConstraint": REGION})
                for size in (0, 1_000, 5_000_000):
                    key, body = "a b/ü+(1)!*'~=&.txt", bytes(size)
                    objects.put_object(Bucket="judged", Key=key, Body=body)
                    self.assertEqual(objects.get_object(Bucket="judged", Key=key)["Body"].read(), body)
                self.assertEqual(len(objects.list_objects_v2(Bucket="judged", Prefix="a b/")["Contents"]), 1)
                objects.delete_object(Bucket="judged", Key=key)
                objects.delete_bucket(Bucket="judged")
                url = queues.create_queue(QueueName="judged")["QueueUrl"]
                self.assertTrue(url.startswith(f"{port}:"), url)
                queues.send_message(QueueUrl=url, MessageBody="ü")
                self.assertEqual(queues.receive_message(QueueUrl=url)["Messages"][0]["Body"], "ü")
                queues.delete_queue(QueueUrl=url)
                verdicts = self.control("GET")
                self.assertEqual(verdicts["refused"], {})
                for what in ("dynamodb hashed", "s3 hashed", "sqs hashed"):
                    self.assertGreater(verdicts["right"][f"{port} {what}"], 0)
                if port == "https":
                    unsigned = ("s3 UNSIGNED-PAYLOAD", "s3 STREAMING-UNSIGNED-PAYLOAD-TRAILER")
                    self.assertTrue(any(f"{port} {what}" in verdicts["right"] for what in unsigned), verdicts)

    def test_other_keys(self) -> None:
        others = {
            "the access key is not the function's": Credentials("AKIAOTHER", KEYS.secret_key, KEYS.token),
            "the signature is another one": Credentials(KEYS.access_key, "another secret", KEYS.token),
            "the session token is not the function's": Credentials(KEYS.access_key, KEYS.secret_key, "another"),
        }
        for service, call in (("dynamodb", "list_tables"), ("s3", "list_buckets"), ("sqs", "list_queues")):
            for reason, keys in others.items():
                with self.subTest(service=service, reason=reason):
                    with self.assertRaises(ClientError) as raised:
                        getattr(self.client(service, "other", keys), call)()
                    self.assertEqual(raised.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)
                    self.assertIn(reason, str(raised.exception))
                    self.assertEqual(self.control("GET"), {"right": {}, "refused": {f"other: {reason}": 1}})

    def send(self, request: AWSRequest) -> int:
        target = request.url.partition(str(self.ports["http"]))[2]
        with closing(http.client.HTTPConnection(judge.HOST, self.ports["http"])) as connection:
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(request.body or b"")))
            connection.endheaders(request.body)
            return connection.getresponse().status

    def signed(self, signer: Any, service: str, target: str, body: bytes, **headers: str) -> AWSRequest:
        url = f"http://{judge.HOST}:{self.ports['http']}{target}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["host"] = f"{judge.HOST}:{self.ports['http']}"
        request = AWSRequest("POST" if service != "s3" else "PUT", url, headers=named, data=body)
        signer(KEYS, service, REGION).add_auth(request)
        return request

    def list_tables(self, body: bytes = b"{}", **headers: str) -> AWSRequest:
        named = {"x_amz_target": "DynamoDB_20120810.ListTables", "content_type": "application/x-amz-json-1.0"}
        return self.signed(SigV4Auth, "dynamodb", "/", body, **named, **headers)

    def refused(self, request: AWSRequest, reason: str) -> None:
        self.assertEqual(self.send(request), 403)
        self.assertEqual(self.control("GET"), {"right": {}, "refused": {f"http: {reason}": 1}})

    def test_what_is_changed_on_the_way(self) -> None:
        other = "the signature is another one"

        def with_header(name: str, value: str) -> Any:
            def change(request: AWSRequest) -> None:
                del request.headers[name]
                request.headers[name] = value

            return change

        def with_body(request: AWSRequest) -> None:
            request.data = b'{"Limit": 1}'

        def with_target(request: AWSRequest) -> None:
            request.url += "?a=b"

        def in_authorization(old: str, new: str) -> Any:
            def change(request: AWSRequest) -> None:
                value = request.headers["authorization"]
                self.assertIn(old, value)
                with_header("authorization", value.replace(old, new))(request)

            return change

        changes = {
            "body": (with_body, other),
            "target": (with_target, other),
            "signed header": (with_header("x-amz-target", "DynamoDB_20120810.DeleteTable"), other),
            "host": (with_header("host", "dynamodb.us-east-1.amazonaws.com"), other),
            "region": (in_authorization(REGION, "us-east-1"), other),
            "service": (in_authorization("/dynamodb/", "/sqs/"), other),
            "another header": (with_header("x-amz-user", "root"), "the header x-amz-user is not signed"),
            "no signature": (lambda request: request.headers.__delitem__("authorization"), "no signature"),
            "no scheme": (with_header("authorization", "Bearer x"), "the header authorization is malformed"),
            "date": (with_header("x-amz-date", "20261130T"), "the header x-amz-date is missing or malformed"),
        }
        for name, (change, reason) in changes.items():
            with self.subTest(name):
                request = self.list_tables()
                change(request)
                self.refused(request, reason)
        self.assertEqual(self.send(self.list_tables()), 200)
        self.assertEqual(self.control("GET"), {"right": {"http dynamodb hashed": 1}, "refused": {}})

    def test_a_clock_that_is_wrong(self) -> None:
        self.control("PUT", {"ahead": 600})
        self.assertEqual(self.send(self.list_tables()), 403)
        (reason,) = self.control("GET")["refused"]
        self.assertIn("Signature expired", reason)

    def test_payloads(self) -> None:
        wrong = "x-amz-content-sha256 is not the hash of the body"
        # Other services want the hash of the body, even if the signature is right.
        self.refused(self.list_tables(x_amz_content_sha256="UNSIGNED-PAYLOAD"), wrong)
        self.refused(self.list_tables(x_amz_content_sha256="0" * 64), wrong)
        # There is no such bucket, as the service says.
        self.assertEqual(self.send(self.signed(S3SigV4Auth, "s3", "/judged-payloads/a", b"body")), 404)
        self.assertEqual(self.control("GET"), {"right": {"http s3 hashed": 1}, "refused": {}})
        request = self.signed(S3SigV4Auth, "s3", "/judged-payloads/a", b"body")
        request.data = b"another body"
        self.refused(request, wrong)

    def test_paths_of_s3(self) -> None:
        """Other services encode the path once more, and remove dots from it; S3 does not."""
        for target in ("/judged-paths/a%20b", "/judged-paths/a/../b"):
            with self.subTest(target):
                hashed = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"
                request = self.signed(SigV4Auth, "s3", target, b"body", x_amz_content_sha256=hashed)
                self.refused(request, "the signature is another one")


if __name__ == "__main__":
    unittest.main()
