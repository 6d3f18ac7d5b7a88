// The same site, which also imports the Lambda context with its types.
import * as context from "funcserver:lambda/context@0.1.0";

import { serve } from "./host";
import { site } from "./site";

const lambdaImport = () => ({
  request_id: context.requestId(),
  deadline_ms: Number(context.deadlineMs()),
  trace_id: context.traceId() ?? null,
  function_arn: context.functionArn(),
  target_group_arn: context.targetGroupArn() ?? null,
  multi_value_headers: context.multiValueHeaders(),
  client_address: context.clientAddress() ?? null,
});

export const incomingHandler = serve(site(lambdaImport));
