"""`funcserver deploy`, `logs`, `rollback` and `delete`, against moto."""

import json
import logging
import os
import random
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, NamedTuple

from cloud import ACCOUNT, KEYS, READING, REGION, Cloud

TOOL, BOOTSTRAP = os.environ["FUNCSERVER"], os.environ["BOOTSTRAP"]
ROLE = f"funcserver-shop-{REGION}"
OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
LOG_GROUP = "/aws/lambda/shop"
# What a deployment with URL and target group calls to change something, in order.
CREATING = [
    "CreateRole",
    "PutRolePolicy",
    "PutRolePolicy",
    "CreateLogGroup",
    "PutRetentionPolicy",
    "CreateFunction",
    "PublishVersion",
    "Invoke",
    "CreateAlias",
    "CreateFunctionUrlConfig",
    "AddPermission",
    "AddPermission",
    "AddPermission",
    "RegisterTargets",
]
SETTINGS = """\
[deploy]
name = "shop"

[guest.secrets]
DB_PASSWORD = "secretsmanager:prod/db#password"
API_KEY = "ssm:/prod/key:3"
"""


class Ended(NamedTuple):
    code: int
    out: str
    told: str


class DeployTest(unittest.TestCase):
    cloud: Cloud

    @classmethod
    def setUpClass(cls) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        cls.cloud = Cloud()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.project = cls.folder / "shop"
        cls.project.mkdir()
        (cls.project / "funcserver.toml").write_text(SETTINGS)
        cls.zip = cls.bundle("first.zip")
        # Another code, with the same settings.
        cls.other_zip = cls.bundle("second.zip", SETTINGS + '\n[guest.env]\nSTAGE = "second"\n')

    @classmethod
    def bundle(cls, name: str, settings: str = SETTINGS) -> str:
        made = cls.folder / f"of-{name}"
        made.mkdir()
        (made / "funcserver.toml").write_text(settings)
        command = [TOOL, "bundle", "--bootstrap", BOOTSTRAP, "-o", str(cls.folder / name)]
        subprocess.run(command, cwd=made, env=cls.environment(), check=True, capture_output=True)
        return str(cls.folder / name)

    @classmethod
    def environment(cls) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(cls.folder),
            "AWS_ENDPOINT_URL": cls.cloud.address,
            "AWS_REGION": REGION,
            **KEYS,
        }

    def setUp(self) -> None:
        self.cloud.begin()

    def start(self, *arguments: str, without: tuple[str, ...] = (), **more: Any) -> "subprocess.Popen[str]":
        env = {name: value for name, value in self.environment().items() if name not in without}
        return subprocess.Popen(
            [TOOL, *arguments],
            cwd=self.project,
            env=env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )

    def run_tool(self, *arguments: str, without: tuple[str, ...] = ()) -> Ended:
        process = self.start(*arguments, without=without)
        out, told = process.communicate(timeout=300)
        return Ended(process.returncode, out, told)

    def succeeds(self, *arguments: str) -> Ended:
        ended = self.run_tool(*arguments)
        self.assertEqual(ended.code, 0, ended.told)
        return ended

    def fails(self, *arguments: str, saying: str, without: tuple[str, ...] = ()) -> Ended:
        ended = self.run_tool(*arguments, without=without)
        self.assertEqual(ended.code, 1, ended.told)
        self.assertIn(saying, ended.told)
        return ended

    def target_group(self, kind: str = "lambda") -> str:
        balancers = self.cloud.client("elbv2")
        more = {}
        if kind != "lambda":
            vpc = self.cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
            more = {"Protocol": "HTTP", "Port": 80, "VpcId": vpc}
        made = balancers.create_target_group(Name="shop", TargetType=kind, **more)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def alias(self) -> str:
        return str(self.cloud.client("lambda").get_alias(FunctionName="shop", Name="live")["FunctionVersion"])

    def account(self, group: str | None) -> dict[str, Any]:
        """What there is, without times and random numbers."""
        functions, iam = self.cloud.client("lambda"), self.cloud.client("iam")
        found: dict[str, Any] = {"functions": [], "roles": {}}
        for function in functions.list_functions(FunctionVersion="ALL")["Functions"]:
            kept = ("FunctionName", "Version", "CodeSha256", "Role", "MemorySize", "Timeout", "Runtime", "Handler")
            found["functions"].append(
                {name: function[name] for name in kept} | {"Environment": function.get("Environment")}
            )
        found["functions"].sort(key=lambda function: str(function["Version"]))
        if found["functions"]:
            aliases = functions.list_aliases(FunctionName="shop")["Aliases"]
            found["aliases"] = {alias["Name"]: alias["FunctionVersion"] for alias in aliases}
            policy = json.loads(functions.get_policy(FunctionName="shop")["Policy"])
            found["policy"] = sorted(policy["Statement"], key=lambda statement: str(statement["Sid"]))
            url = functions.get_function_url_config(FunctionName="shop")
            found["url"] = [url["AuthType"], url["InvokeMode"]]
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
            documents = {
                policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in policies
            }
            found["roles"][name] = [role["AssumeRolePolicyDocument"], documents]
        found["groups"] = self.account_groups()
        if group:
            health = self.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)
            found["targets"] = [target["Target"]["Id"] for target in health["TargetHealthDescriptions"]]
            # Its name ends with a random number.
            found = json.loads(json.dumps(found).replace(group.rsplit("/", 1)[-1], "NUMBER"))
        return found

    def test_from_project_to_url_and_back(self) -> None:
        dry = self.succeeds("deploy", "--url", "--bootstrap", BOOTSTRAP, "--dry-run")
        self.assertEqual((self.cloud.changes(), dry.out), ([], ""))
        self.assertIn("would create the function shop in eu-west-1", dry.told)

        first = self.succeeds("deploy", "--url", "--bootstrap", BOOTSTRAP)
        functions = self.cloud.client("lambda")
        url = functions.get_function_url_config(FunctionName="shop")["FunctionUrl"]
        self.assertEqual(first.out.strip(), url)
        self.assertIn(f"the first request: curl -i {url}", first.told)
        self.assertIn(f"version 1 is live: {FUNCTION}:live", first.told)
        found = self.account(None)
        latest = found["functions"][0]
        self.assertEqual((latest["MemorySize"], latest["Timeout"], latest["Runtime"]), (512, 10, "provided.al2023"))
        self.assertEqual(
            (latest["Role"], found["aliases"], found["url"]), (OWN_ROLE, {"live": "1"}, ["NONE", "BUFFERED"])
        )
        self.assertEqual(found["groups"], [[LOG_GROUP, 14]])
        actions = {statement["Sid"]: statement["Action"] for statement in found["policy"]}
        expected = {
            "AllowInvocationOfUrl": "lambda:InvokeFunctionUrl",
            "AllowInvocationThroughUrl": "lambda:InvokeFunction",
        }
        self.assertEqual(actions, expected)
        secrets = found["roles"][ROLE][1]["secrets"]["Statement"]
        resources = [resource for statement in secrets for resource in statement["Resource"]]
        place = f"{REGION}:{ACCOUNT}"
        expected_resources = [
            f"arn:aws:secretsmanager:{place}:secret:prod/db-??????",
            f"arn:aws:ssm:{place}:parameter/prod/key",
        ]
        self.assertEqual(resources, expected_resources)

        self.cloud.calls.clear()
        again = self.succeeds("deploy", "--url", "--bootstrap", BOOTSTRAP)
        self.assertIn("nothing to do", again.told)
        self.assertEqual((self.cloud.changes(), again.out.strip(), self.account(None)), ([], url, found))

        changed = self.succeeds(
            "deploy", "--url", "--bootstrap", BOOTSTRAP, "--memory", "1024", "--env", "STAGE=test", "--json"
        )
        report = json.loads(changed.out)
        self.assertEqual((report["version"], report["url"], report["dry_run"]), ("2", url, False))
        self.assertIn("change shop: memory from 512 MB to 1024 MB, the variable STAGE", report["changes"])
        self.assertEqual(self.alias(), "2")
        # What is not said stays.
        self.assertIn("nothing to do", self.succeeds("deploy", "--bootstrap", BOOTSTRAP).told)

        back = self.succeeds("rollback")
        self.assertIn("version 1 of shop is live, after version 2", back.told)
        self.assertEqual(self.alias(), "1")
        self.fails("rollback", saying="no version before 1 of shop: there are 2, 1")
        self.fails("rollback", "--to", "7", saying="no version 7 of shop")
        # Forward again, without another version.
        self.cloud.calls.clear()
        self.succeeds("deploy", "--bootstrap", BOOTSTRAP)
        self.assertEqual((self.cloud.changes(), self.alias()), (["Invoke", "UpdateAlias"], "2"))

        self.fails("delete", saying="nobody can be asked whether to delete shop: add --yes")
        gone = self.succeeds("delete", "--yes")
        self.assertIn(f"the log group {LOG_GROUP} stays", gone.told)
        self.assertEqual(self.account(None), {"functions": [], "roles": {}, "groups": [[LOG_GROUP, 14]]})
        self.succeeds("delete", "--yes", "--with-logs")
        self.assertEqual(self.account(None), {"functions": [], "roles": {}, "groups": []})
        self.assertIn("nothing of shop", self.succeeds("delete", "--yes").told)

    def test_streaming_is_as_set(self) -> None:
        self.succeeds("deploy", "--url", "--zip", self.zip, "--env", "FUNCSERVER_RESPONSE_STREAM=true")
        url = self.cloud.client("lambda").get_function_url_config(FunctionName="shop")
        self.assertEqual(url["InvokeMode"], "RESPONSE_STREAM")
        self.fails(
            "deploy", "--zip", self.zip, "--env", "FUNCSERVER_RESPONSE_STREAM=yes", saying="FUNCSERVER_RESPONSE_STREAM"
        )

    def begin(self, *commands: list[str]) -> str:
        """A new account after these commands, which have a target group."""
        self.cloud.begin()
        group = self.target_group()
        for command in commands:
            self.succeeds(*command, "--target-group", group)
        self.cloud.calls.clear()
        return group

    def killed_after_calls(self, arguments: list[str], *before: list[str], changing: bool) -> None:
        """The command, ended after each of its calls (or each that changes something) and run again, comes to the same
        end."""
        group = self.begin(*before)
        self.succeeds(*arguments, "--target-group", group)
        expected, calls = self.account(group), list(self.cloud.calls)
        numbers = [number for number, call in enumerate(calls, 1) if not changing or not call.startswith(READING)]
        self.assertGreater(len(numbers), 4)
        for number in numbers:
            with self.subTest(after=f"{number} {calls[number - 1]}"):
                group = self.begin(*before)
                process = self.start(*arguments, "--target-group", group)
                self.cloud.after = lambda call, process=process, number=number: (
                    process.kill() if call == number else None
                )
                process.communicate(timeout=120)
                self.assertEqual(process.returncode, -signal.SIGKILL)
                self.cloud.after = lambda _: None
                self.succeeds(*arguments, "--target-group", group)
                self.assertEqual(self.account(group), expected)

    def test_a_first_deployment_that_is_killed_is_completed_by_the_next(self) -> None:
        self.killed_after_calls(["deploy", "--url", "--zip", self.zip], changing=False)

    def test_what_a_first_deployment_calls(self) -> None:
        self.succeeds("deploy", "--url", "--zip", self.zip, "--target-group", self.target_group())
        self.assertEqual(self.cloud.changes(), CREATING)

    # A call that only reads leaves nothing that the next run could meet, as the test above shows.

    def test_an_update_that_is_killed_is_completed_by_the_next(self) -> None:
        first = ["deploy", "--url", "--zip", self.zip]
        update = ["deploy", "--url", "--zip", self.other_zip, "--memory", "1024"]
        self.killed_after_calls(update, first, changing=True)

    def test_a_deletion_that_is_killed_is_completed_by_the_next(self) -> None:
        first = ["deploy", "--url", "--zip", self.zip]
        self.killed_after_calls(["delete", "--yes", "--with-logs"], first, changing=True)

    def test_a_version_that_does_not_answer_is_not_live(self) -> None:
        self.succeeds("deploy", "--zip", self.zip)
        for payload, saying in [
            ('{"statusCode":502,"body":"the handler failed"}', "version 2 of shop does not answer"),
            ('{"statusCode":500}', "with the status 500"),
        ]:
            self.cloud.answers(payload)
            ended = self.fails("deploy", "--zip", self.other_zip, saying=saying)
            self.assertIn("funcserver logs --name shop", ended.told)
            self.assertEqual(self.alias(), "1")
        self.succeeds("deploy", "--zip", self.other_zip)
        self.assertEqual(self.alias(), "2")
        self.cloud.answers('{"statusCode":503}')
        self.fails("rollback", saying="version 1 of shop does not answer")
        self.assertEqual(self.alias(), "2")

    def test_a_failing_api_is_told_with_what_was_done(self) -> None:
        self.cloud.failing = {"CreateFunction": (10, 403, "AccessDeniedException")}
        ended = self.fails("deploy", "--zip", self.zip, saying="CreateFunction failed for shop: AccessDeniedException")
        self.assertIn(f"done: create the role {ROLE}", ended.told)
        self.assertIn("run the same command again to go on", ended.told)
        self.cloud.failing = {"PublishVersion": (100, 429, "TooManyRequestsException")}
        ended = self.fails(
            "deploy", "--zip", self.zip, saying="PublishVersion failed for shop: TooManyRequestsException"
        )
        self.assertIn("done: create the function shop", ended.told)
        self.cloud.failing = {}
        self.cloud.calls.clear()
        self.succeeds("deploy", "--zip", self.zip)
        self.assertEqual(self.cloud.changes(), ["PublishVersion", "Invoke", "CreateAlias"])
        # One that is throttled for a moment is no failure.
        self.cloud.failing = {"UpdateAlias": (1, 429, "TooManyRequestsException")}
        self.succeeds("deploy", "--zip", self.other_zip)
        self.assertEqual(self.alias(), "2")

    def test_a_new_role_may_take_a_moment(self) -> None:
        self.cloud.failing = {"CreateFunction": (1, 400, "InvalidParameterValueException")}
        # That error is another one.
        self.fails("deploy", "--zip", self.zip, saying="InvalidParameterValueException: as the test wants it")
        self.assertEqual(self.cloud.changes().count("CreateFunction"), 1)
        self.succeeds("deploy", "--zip", self.zip)

    def test_a_role_that_cannot_be_assumed(self) -> None:
        role = f"arn:aws:iam::{ACCOUNT}:role/nobody"
        self.fails("deploy", "--zip", self.zip, "--role", role, saying=f"Lambda cannot assume the role {role}")
        for option, value, allowed in [
            ("--role", "nobody", "an ARN such as"),
            ("--target-group", role, "an ARN such as"),
            ("--name", "a b", "1 to 64 letters"),
            ("--alias", "12", "not only digits"),
            ("--memory", "64", "128..=10240"),
            ("--env", "STAGE", "NAME=VALUE"),
        ]:
            ended = self.run_tool("deploy", "--zip", self.zip, option, value)
            self.assertEqual((ended.code, allowed in ended.told), (2, True), ended.told)

    def test_a_function_of_somebody_else(self) -> None:
        iam, functions = self.cloud.client("iam"), self.cloud.client("lambda")
        role = iam.create_role(RoleName="other", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        code = {"ZipFile": Path(self.zip).read_bytes()}
        made = {"FunctionName": "shop", "Role": role, "Handler": "bootstrap", "Code": code}
        functions.create_function(Runtime="python3.13", **made)
        self.fails("deploy", "--zip", self.zip, saying="is for python3.13, and funcserver's is for provided.al2023")
        functions.delete_function(FunctionName="shop")
        functions.create_function(Runtime="provided.al2023", **made)
        for command in (["deploy", "--zip", self.zip], ["delete", "--yes"]):
            self.fails(*command, saying="was not made by funcserver deploy")
        self.assertEqual(self.cloud.changes(), [])
        self.succeeds("deploy", "--zip", self.zip, "--adopt")
        self.assertEqual((self.alias(), self.account_role()), ("1", role))
        self.succeeds("deploy", "--zip", self.other_zip)

    def test_what_somebody_else_has_set_stays_and_is_published(self) -> None:
        logs, functions = self.cloud.client("logs"), self.cloud.client("lambda")
        logs.create_log_group(logGroupName=LOG_GROUP)
        self.succeeds("deploy", "--zip", self.zip)
        self.assertEqual(self.account_groups(), [[LOG_GROUP, None]], "another's group keeps its lines")
        network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
        functions.update_function_configuration(
            FunctionName="shop", VpcConfig=network, MemorySize=2048, Environment={"Variables": {"THEIRS": "1"}}
        )
        self.succeeds("deploy", "--zip", self.zip, "--env", "OURS=1")
        live = functions.get_function_configuration(FunctionName="shop", Qualifier="live")
        self.assertEqual((live["Version"], live["MemorySize"]), ("2", 2048))
        self.assertEqual(live["Environment"]["Variables"], {"THEIRS": "1", "OURS": "1"})
        network["SubnetIds"] = ["subnet-2"]
        functions.update_function_configuration(FunctionName="shop", VpcConfig=network)
        self.succeeds("deploy", "--zip", self.zip)
        live = functions.get_function_configuration(FunctionName="shop", Qualifier="live")
        self.assertEqual((live["Version"], live["VpcConfig"]["SubnetIds"]), ("3", ["subnet-2"]))
        self.assertIn("nothing to do", self.succeeds("deploy", "--zip", self.zip).told)

    def account_groups(self) -> list[list[Any]]:
        groups = self.cloud.client("logs").describe_log_groups()["logGroups"]
        return [[group["logGroupName"], group.get("retentionInDays")] for group in groups]

    def account_role(self) -> str:
        return str(self.cloud.client("lambda").get_function_configuration(FunctionName="shop")["Role"])

    def test_target_groups(self) -> None:
        other = self.target_group("ip")
        self.fails("deploy", "--zip", self.zip, "--target-group", other, saying="is of the type ip")
        missing = other.replace("/shop/", "/none/")
        self.fails("deploy", "--zip", self.zip, "--target-group", missing, saying="there is no target group")
        self.assertEqual(self.cloud.changes(), [])
        self.cloud.begin()
        group = self.target_group()
        self.succeeds("deploy", "--zip", self.zip, "--target-group", group)
        self.assertEqual(self.targets(group), [f"{FUNCTION}:live"])
        # The other alias of the same function takes the place of the first.
        self.succeeds("deploy", "--zip", self.zip, "--target-group", group, "--alias", "prod")
        self.assertEqual(self.targets(group), [f"{FUNCTION}:prod"])
        said = f"sends its requests to {FUNCTION}:prod, and it can have one function only"
        self.fails("deploy", "--zip", self.zip, "--name", "other", "--target-group", group, saying=said)

    def targets(self, group: str) -> list[str]:
        health = self.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)
        return [target["Target"]["Id"] for target in health["TargetHealthDescriptions"]]

    def test_a_large_zip_goes_through_a_bucket(self) -> None:
        large = self.folder / "large"
        (large / "public").mkdir(parents=True)
        (large / "public/noise").write_bytes(random.Random(1).randbytes(60 << 20))
        (large / "funcserver.toml").write_text('[guest]\nassets = "public"\n' + SETTINGS)
        made = ["bundle", "--bootstrap", BOOTSTRAP, "-o", str(self.folder / "large.zip")]
        subprocess.run([TOOL, *made], cwd=large, env=self.environment(), check=True, capture_output=True)
        arguments = ["deploy", "--zip", str(self.folder / "large.zip")]
        self.fails(*arguments, saying="and Lambda takes at most 50 MB directly: name a bucket")
        self.assertEqual(self.cloud.changes(), [])
        self.cloud.client("s3").create_bucket(Bucket="zips", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.succeeds(*arguments, "--bucket", "zips")
        self.assertEqual(self.cloud.changes().count("PutObject"), 1)
        self.assertGreater(
            self.cloud.client("lambda").get_function_configuration(FunctionName="shop")["CodeSize"], 60 << 20
        )
        self.assertIn("nothing to do", self.succeeds(*arguments, "--bucket", "zips").told)

    def test_credentials_and_regions(self) -> None:
        none = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        self.fails("deploy", "--zip", self.zip, saying="there are no AWS credentials that work", without=none)
        self.fails("deploy", "--zip", self.zip, saying="no region is set", without=("AWS_REGION",))
        self.fails("logs", "--profile", "nobody", saying="there are no AWS credentials that work", without=none)
        nowhere = ["deploy", "--zip", self.zip, "--region", "nowhere-1"]
        self.fails(*nowhere, saying="is the region right?", without=("AWS_ENDPOINT_URL",))
        for call, code in (("GetCallerIdentity", "ExpiredToken"), ("GetCallerIdentity", "InvalidClientTokenId")):
            self.cloud.failing = {call: (1, 403, code)}
            self.fails("logs", saying="there are no AWS credentials that work")
        self.assertEqual(self.cloud.changes(), ["GetCallerIdentity"] * 0)

    def test_zips_that_are_none(self) -> None:
        (self.folder / "bad.zip").write_bytes(Path(self.zip).read_bytes()[:-100])
        for path, saying in [("bad.zip", "bad.zip is damaged"), ("none.zip", "cannot read")]:
            self.fails("deploy", "--zip", str(self.folder / path), saying=saying)
        self.assertEqual(self.cloud.changes(), [])

    def write_lines(self, *texts: str) -> None:
        logs = self.cloud.client("logs")
        now = int(time.time() * 1000)
        events = [{"timestamp": now + place, "message": text} for place, text in enumerate(texts)]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="one", logEvents=events)

    def test_logs(self) -> None:
        self.fails("logs", saying=f"there is no log group {LOG_GROUP}")
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="one")
        self.assertIn("no lines of shop", self.succeeds("logs").told)
        self.write_lines('{"message":"first"}', "second\x1b[31m\n")
        self.assertEqual(self.succeeds("logs").out.splitlines(), ['{"message":"first"}', "second"])
        following = self.start("logs", "--follow")
        assert following.stdout
        try:
            self.assertEqual([following.stdout.readline() for _ in range(2)], ['{"message":"first"}\n', "second\n"])
            self.write_lines("third")
            self.assertEqual(following.stdout.readline(), "third\n")
            self.write_lines("fourth")
            self.assertEqual(following.stdout.readline(), "fourth\n")
        finally:
            following.terminate()
            following.communicate(timeout=30)


if __name__ == "__main__":
    unittest.main()
