// The Lambda invocation behind a request.
import { shared } from "./shared.js";

let last;
let lastOf;

/** The members of `x-amzn-lambda-context`. Undefined outside of Lambda, and while no request is answered. */
export function lambdaContext() {
  const { current } = shared;
  if (!current) return undefined;
  if (lastOf === current) return last;
  lastOf = current;
  last = read(current.header("x-amzn-lambda-context"));
  return last;
}

function read(header) {
  if (header === undefined) return undefined;
  const members = JSON.parse(header);
  const arn = members.invoked_function_arn ?? "";
  return {
    awsRequestId: members.request_id,
    invokedFunctionArn: arn,
    functionName: arn.split(":")[6],
    xrayTraceId: members.xray_trace_id,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(Number(members.deadline) - Date.now())),
  };
}
