import { decode } from "./utf8.js";

/** What the handler saw of a request, and of the invocation behind it. */
export function seen(request) {
  // A name like `__proto__` is a header like any other.
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

/** From the header, which every language can read. Null where the host is not Lambda's. */
function lambdaContext(header) {
  if (header === undefined) return null;
  try {
    return JSON.parse(header);
  } catch {
    return header;
  }
}
