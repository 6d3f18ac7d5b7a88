import { decode } from "./utf8.js";

/** The request and its invocation as the handler sees them. */
export function seen(request) {
  // A header may be called `__proto__`.
  const headers = Object.create(null);
  for (const [name, value] of request.headers) (headers[name] ??= []).push(decode(value));
  return {
    method: request.method,
    path_with_query: request.pathWithQuery,
    scheme: request.scheme,
    authority: request.authority,
    headers,
    lambda_context: lambdaContext(headers["x-amzn-lambda-context"]?.[0]),
  };
}

/** From the header, which every language can read. Null outside Lambda. */
function lambdaContext(header) {
  if (header === undefined) return null;
  try {
    return JSON.parse(header);
  } catch {
    return header;
  }
}
