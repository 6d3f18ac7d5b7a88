// A minimal runtime for machines on which aws-lambda-ric cannot be built. It handles one event after the other, with the
// HTTP client of Node.js.
import { handler } from "./app";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

for (;;) {
  const next = await fetch(`${api}/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const event = await next.json();
  try {
    const reply = await handler(event, { awsRequestId: id });
    await send(`${api}/${id}/response`, reply);
  } catch (error) {
    await send(`${api}/${id}/error`, { errorType: error.name, errorMessage: error.message });
  }
}

async function send(url, body) {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  await answer.arrayBuffer();
}
