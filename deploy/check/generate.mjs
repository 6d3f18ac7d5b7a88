// Writes aws-provider.json: which arguments, nested blocks and attributes the Terraform provider for AWS gives to the
// resources and data sources that ../terraform uses, so that `scripts/check-deploy` can hold our files to them without
// the provider, which comes from a registry of its own.
//
// They are read from the types of the npm package @cdktn/provider-aws, which were generated from the provider's schema.
// Run it after adding a type below: node deploy/check/generate.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGE = "@cdktn/provider-aws@25.7.0";
const TYPESCRIPT = "typescript@5.9.3";

const RESOURCES = [
  "aws_api_gateway_deployment",
  "aws_api_gateway_rest_api",
  "aws_api_gateway_stage",
  "aws_apigatewayv2_api",
  "aws_apigatewayv2_integration",
  "aws_apigatewayv2_route",
  "aws_apigatewayv2_stage",
  "aws_cloudwatch_log_group",
  "aws_iam_role",
  "aws_iam_role_policy",
  "aws_lambda_alias",
  "aws_lambda_function",
  "aws_lambda_function_url",
  "aws_lambda_permission",
  "aws_lb",
  "aws_lb_listener",
  "aws_lb_listener_rule",
  "aws_lb_target_group",
  "aws_lb_target_group_attachment",
  "aws_security_group",
  "aws_vpc_security_group_ingress_rule",
];
const DATA_SOURCES = [
  "aws_caller_identity",
  "aws_iam_policy_document",
  "aws_lb",
  "aws_lb_listener",
  "aws_partition",
  "aws_region",
  "aws_subnet",
  "aws_subnets",
  "aws_vpc",
];

const folder = mkdtempSync(join(tmpdir(), "funcserver-schema-"));
try {
  console.error(`fetching ${PACKAGE} and ${TYPESCRIPT}`);
  // Neither install scripts nor peers: only the types are read, nothing of the package runs.
  execFileSync(
    "npm",
    ["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", PACKAGE, TYPESCRIPT],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ts = createRequire(join(folder, "x.js"))("typescript");
  const root = join(folder, "node_modules/@cdktn/provider-aws");
  const about = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const read = (name) => schema(ts, readFileSync(join(root, "lib", name, "index.d.ts"), "utf8"), name);
  const all = (types, prefix) =>
    Object.fromEntries(types.map((type) => [type, read(prefix + type.replace(/^aws_/, "").replaceAll("_", "-"))]));

  const result = {
    source: { package: about.name, version: about.version, provider: "hashicorp/aws", provider_version: about.cdktf.provider.version },
    provider: { aws: read("provider") },
    resource: all(RESOURCES, ""),
    data: all(DATA_SOURCES, "data-aws-"),
  };
  const out = new URL("aws-provider.json", import.meta.url);
  writeFileSync(out, compact(result));
  console.error(`wrote ${out.pathname}: provider ${about.cdktf.provider.version}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The arguments, and the attributes that can be referred to, of the one resource that a file of types declares. */
function schema(ts, text, name) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const interfaces = new Map(file.statements.filter(ts.isInterfaceDeclaration).map((node) => [node.name.text, node]));
  const classes = file.statements.filter(ts.isClassDeclaration);

  // The class is the one that extends TerraformResource, TerraformDataSource or TerraformProvider; its arguments are
  // in the interface of the same name with "Config" behind it.
  const main = classes.find((node) => /cdkt[fn]\.Terraform(Resource|DataSource|Provider)\b/.test(heritage(node)));
  if (!main) throw new Error(`${name}: no resource class`);
  const result = body(interfaces.get(`${main.name.text}Config`), []);

  const known = new Set([...result.required, ...result.optional, ...Object.keys(result.blocks)]);
  const attributes = main.members
    .filter((member) => ts.isGetAccessor(member) && !member.name.text.endsWith("Input"))
    .map((member) => snake(member.name.text))
    .filter((attribute) => !known.has(attribute));
  return { ...result, attributes: attributes.sort() };

  function body(node, above) {
    const result = { required: [], optional: [], blocks: {} };
    for (const member of node.members) {
      // Terraform's own spelling stands in the link to the documentation; ours cannot know where "V2" is cut.
      const argument = /#(\w+) \w+#\1\}/.exec(file.text.slice(member.pos, member.getStart()))?.[1];
      if (!argument) throw new Error(`${name}: no documented name for ${member.name.text}`);
      const nested = [...(member.type?.getText().matchAll(/\w+/g) ?? [])].map(([word]) => word).find((word) => interfaces.has(word));
      const required = !member.questionToken;
      // A block within itself (a statement of a web ACL, say) would have no end.
      if (nested && !above.includes(nested)) {
        result.blocks[argument] = { needed: required, ...body(interfaces.get(nested), [...above, nested]) };
      } else {
        result[required ? "required" : "optional"].push(argument);
      }
    }
    result.required.sort();
    result.optional.sort();
    return result;
  }
}

function heritage(node) {
  return (node.heritageClauses ?? []).map((clause) => clause.getText()).join(" ");
}

function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** JSON with one list a line, so that a new version of the provider makes a diff that can be read. */
function compact(value) {
  return JSON.stringify(value, null, 1).replace(/\[[^[\]{}]*\]/g, (list) => JSON.stringify(JSON.parse(list)).replaceAll('","', '", "')) + "\n";
}
