"""The templates for SAM, by CloudFormation of moto: each front end, and the resources that deploy/README.md names."""

import json
import os
import unittest
from pathlib import Path
from typing import Any, ClassVar

from cloud import REGION, Cloud
from moto.awslambda.models import LambdaVersion
from moto.awslambda.utils import get_backend
from moto.core.common_models import CloudFormationModel
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATES = Path(__file__).parents[2] / "deploy/sam"
# Of all.
FUNCTION = {
    "AWS::Lambda::Function": 1,
    "AWS::Lambda::Version": 1,
    "AWS::Lambda::Alias": 1,
    "AWS::Logs::LogGroup": 1,
    "AWS::IAM::Role": 1,
}
BALANCER = "AWS::ElasticLoadBalancingV2::"
FRONTS: dict[str, tuple[str, dict[str, str], dict[str, int]]] = {
    "a URL": ("api.yaml", {"Front": "url"}, {"AWS::Lambda::Url": 1, "AWS::Lambda::Permission": 2}),
    "a URL that streams": (
        "api.yaml",
        {"Front": "url", "Stream": "true", "UrlAuthorization": "AWS_IAM"},
        {"AWS::Lambda::Url": 1},
    ),
    "an HTTP API": (
        "api.yaml",
        {"Front": "http-api"},
        {
            **{f"AWS::ApiGatewayV2::{kind}": 1 for kind in ("Api", "Integration", "Route", "Stage")},
            "AWS::Lambda::Permission": 1,
        },
    ),
    "a REST API": (
        "api.yaml",
        {"Front": "rest-api"},
        {
            **{f"AWS::ApiGateway::{kind}": 1 for kind in ("RestApi", "Resource", "Deployment", "Stage")},
            "AWS::ApiGateway::Method": 2,
            "AWS::Lambda::Permission": 1,
        },
    ),
    "a load balancer": (
        "template.yaml",
        {"VpcId": "vpc", "SubnetIds": "subnets"},
        {
            **{BALANCER + kind: 1 for kind in ("LoadBalancer", "Listener", "TargetGroup")},
            "AWS::EC2::SecurityGroup": 1,
            "AWS::Lambda::Permission": 1,
        },
    ),
    "a load balancer with HTTPS": (
        "template.yaml",
        {"VpcId": "vpc", "SubnetIds": "subnets", "CertificateArn": "certificate"},
        {
            **{BALANCER + kind: 1 for kind in ("LoadBalancer", "TargetGroup")},
            BALANCER + "Listener": 2,
            "AWS::EC2::SecurityGroup": 1,
            "AWS::Lambda::Permission": 1,
        },
    ),
    "a listener that exists": (
        "template.yaml",
        {"ListenerArn": "listener", "RulePaths": "/shop/*"},
        {BALANCER + "ListenerRule": 1, BALANCER + "TargetGroup": 1, "AWS::Lambda::Permission": 1},
    ),
}


class Lacking:
    """A resource that moto's CloudFormation does not know: it exists, with what the template asks for."""

    # moto counts what is in its own modules.
    __module__ = "moto.awslambda.lacking"
    asked: dict[str, Any]
    place: tuple[str, str]
    kind = ""

    @property
    def physical_resource_id(self) -> str:
        return f"{self.kind}-1"

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.kind

    @classmethod
    def has_cfn_attr(cls, _: str) -> bool:
        return True

    def get_cfn_attribute(self, name: str) -> str:
        return f"https://{name}.example"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "Lacking":
        made = cls()
        made.asked, made.place = cloudformation_json["Properties"], (account_id, region_name)
        made.make()
        return made

    def make(self) -> None:
        pass


class Alias(Lacking, CloudFormationModel):
    """moto's Lambda has aliases."""

    __module__ = Lacking.__module__
    kind = "AWS::Lambda::Alias"

    def make(self) -> None:
        asked = self.asked
        create = get_backend(*self.place).create_alias
        self.made = create(asked["Name"], asked["FunctionName"], str(asked["FunctionVersion"]), "", "")

    @property
    def physical_resource_id(self) -> str:
        return str(self.made.arn)


class Url(Lacking, CloudFormationModel):
    """moto's Lambda has URLs of functions, not of aliases."""

    __module__ = Lacking.__module__
    kind = "AWS::Lambda::Url"

    def make(self) -> None:
        if self.asked["Qualifier"] != "live":
            raise ValueError(self.asked)
        self.made = get_backend(*self.place).create_function_url_config(self.asked["TargetFunctionArn"], self.asked)

    def get_cfn_attribute(self, _: str) -> str:
        return str(self.made.url)


LACKING = [
    type("Other", (Lacking, CloudFormationModel), {"__module__": Lacking.__module__, "kind": kind})
    for kind in [f"AWS::ApiGatewayV2::{kind}" for kind in ("Api", "Integration", "Route", "Stage")]
    + ["AWS::ApiGateway::Stage"]
]

# And the number of a version, for which a template may ask.
LambdaVersion.has_cfn_attr = classmethod(lambda _, attr: attr == "Version")
LambdaVersion.get_cfn_attribute = lambda self, _: str(self.version)


class NoPolicies:
    """Managed policies by their names, of which the templates use none."""

    def load(self) -> dict[str, str]:
        return {}


def translated(name: str, parameters: dict[str, str]) -> dict[str, Any]:
    """What SAM hands to CloudFormation, once it has uploaded the zip."""
    template = yaml_parse((TEMPLATES / name).read_text())
    function = template["Resources"]["Function"]
    function.pop("Metadata")
    function["Properties"]["CodeUri"] = {"Bucket": "zips", "Key": "function.zip"}
    made: dict[str, Any] = transform(template, dict(parameters), NoPolicies())
    return made


def without_other_branches(template: dict[str, Any], front: str | None) -> None:
    """moto works both branches of an output's condition out, also with what was not made."""
    value = template["Outputs"].get("Curl", {}).get("Value", {})
    if front and "Fn::If" in value:
        _, url, (_, http, rest) = value["Fn::If"][0], value["Fn::If"][1], value["Fn::If"][2]["Fn::If"]
        template["Outputs"]["Curl"]["Value"] = {"url": url, "http-api": http, "rest-api": rest}[front]


class SamTest(unittest.TestCase):
    cloud: ClassVar[Cloud]

    @classmethod
    def setUpClass(cls) -> None:
        os.environ["AWS_DEFAULT_REGION"] = REGION
        cls.cloud = Cloud()

    def setUp(self) -> None:
        self.cloud.begin()
        storage = self.cloud.client("s3")
        storage.create_bucket(Bucket="zips", CreateBucketConfiguration={"LocationConstraint": REGION})
        storage.put_object(Bucket="zips", Key="function.zip", Body=b"zip")

    def place(self, parameters: dict[str, str]) -> dict[str, str]:
        """The parameters, with the ids of this account."""
        network = self.cloud.client("ec2")
        vpc = network.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = [subnet["SubnetId"] for subnet in network.describe_subnets()["Subnets"][:2]]
        known = {"vpc": vpc, "subnets": ",".join(subnets)}
        if parameters.get("ListenerArn"):
            balancers = self.cloud.client("elbv2")
            made = balancers.create_load_balancer(Name="shared", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
            answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            listener = balancers.create_listener(
                LoadBalancerArn=made, Port=80, Protocol="HTTP", DefaultActions=[answer]
            )
            known["listener"] = listener["Listeners"][0]["ListenerArn"]
        if parameters.get("CertificateArn"):
            certificates = self.cloud.client("acm")
            known["certificate"] = certificates.request_certificate(DomainName="shop.example")["CertificateArn"]
        return {name: known.get(value, value) for name, value in parameters.items()}

    def deploy(self, name: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        template = translated(name, parameters)
        without_other_branches(template, parameters.get("Front"))
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.place(parameters).items()]
        stacks = self.cloud.client("cloudformation")
        stacks.create_stack(StackName="shop", TemplateBody=json.dumps(template), Parameters=given)
        stack = stacks.describe_stacks(StackName="shop")["Stacks"][0]
        self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE")
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.assertEqual(outputs["LogGroup"], "/aws/lambda/funcserver")
        if not parameters.get("ListenerArn"):
            self.assertRegex(outputs["Curl"], "^curl (--insecure )?https?://")
        resources: list[dict[str, Any]] = stacks.list_stack_resources(StackName="shop")["StackResourceSummaries"]
        return resources

    def test_each_front_end_has_the_resources_of_the_readme(self) -> None:
        for front, (name, parameters, expected) in FRONTS.items():
            with self.subTest(front):
                self.setUp()
                counts: dict[str, int] = {}
                for resource in self.deploy(name, parameters):
                    counts[resource["ResourceType"]] = counts.get(resource["ResourceType"], 0) + 1
                # Those whose conditions do not hold.
                counts.pop("", None)
                self.assertEqual(counts, FUNCTION | expected)
                self.check_function()

    def check_function(self) -> None:
        functions = self.cloud.client("lambda")
        made = functions.get_function_configuration(FunctionName="funcserver")
        self.assertEqual((made["MemorySize"], made["Timeout"], made["Runtime"]), (512, 10, "provided.al2023"))
        alias = functions.get_alias(FunctionName="funcserver", Name="live")
        self.assertEqual(alias["FunctionVersion"], "1")
        role = made["Role"].rsplit("/", 1)[-1]
        policies = self.cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        self.assertEqual(policies, ["logs"])
        groups = self.cloud.client("logs").describe_log_groups()["logGroups"]
        self.assertEqual([group.get("retentionInDays") for group in groups], [14])

    def test_a_target_group_sends_requests_to_the_alias(self) -> None:
        # moto makes the group without its targets.
        group = translated("template.yaml", {})["Resources"]["TargetGroup"]["Properties"]
        self.assertEqual((group["TargetType"], group["Targets"]), ("lambda", [{"Id": {"Ref": "FunctionAliaslive"}}]))

    def test_secrets_and_variables(self) -> None:
        arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:prod/db-a1b2c3"
        secrets = {"GuestSecrets": '{"DB_PASSWORD":"secretsmanager:prod/db#password"}', "SecretArns": arn}
        parameters = {"Front": "url", "GuestEnv": '{"STAGE":"live"}', **secrets}
        kinds = [resource["ResourceType"] for resource in self.deploy("api.yaml", parameters)]
        self.assertIn("AWS::IAM::Policy", kinds)
        made = self.cloud.client("lambda").get_function_configuration(FunctionName="funcserver")
        variables = {
            "FUNCSERVER_GUEST_ENV": parameters["GuestEnv"],
            "FUNCSERVER_GUEST_SECRETS": secrets["GuestSecrets"],
        }
        self.assertEqual(made["Environment"]["Variables"], variables)
        iam, role = self.cloud.client("iam"), made["Role"].rsplit("/", 1)[-1]
        policy = iam.get_role_policy(RoleName=role, PolicyName="secrets")["PolicyDocument"]
        self.assertEqual(policy["Statement"][0]["Resource"], [arn])


if __name__ == "__main__":
    unittest.main()
