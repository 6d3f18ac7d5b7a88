import type { Incoming } from "./host";

/** The request and its invocation as the handler sees them. */
export function seen(incoming: Incoming) {
  // A header may be called `__proto__`.
  const headers: Record<string, string[]> = Object.create(null);
  for (const [name, value] of incoming.headers) (headers[name] ??= []).push(text(value));
  return {
    method: incoming.method,
    path_with_query: incoming.pathWithQuery,
    scheme: incoming.scheme ?? null,
    authority: incoming.authority ?? null,
    headers,
    lambda_context: lambdaContext(headers["x-amzn-lambda-context"]?.[0]),
  };
}

/** From the header, which every language can read. Null outside Lambda. */
function lambdaContext(header: string | undefined): unknown {
  if (header === undefined) return null;
  try {
    return JSON.parse(header);
  } catch {
    return header;
  }
}

const decoder = new TextDecoder();

/** Bytes that are not UTF-8 become U+FFFD, because JSON has only text. */
function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
