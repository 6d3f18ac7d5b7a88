// What every route needs.

export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const get = (path, handle) => ({ method: "GET", path, handle });
export const post = (path, handle) => ({ method: "POST", path, handle });
export const put = (path, handle) => ({ method: "PUT", path, handle });
export const remove = (path, handle) => ({ method: "DELETE", path, handle });

/** The values of `:names` in a route's path, or null if another path was asked for. */
export function matching(path, pathname) {
  const pattern = path.replace(/:(\w+)/g, "(?<$1>[^/]+)");
  const match = new RegExp(`^${pattern}$`).exec(pathname);
  if (!match) return null;
  return Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decoded(value)]));
}

function decoded(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new HttpError(400, "the path is not UTF-8");
  }
}

/** The cookies of a request, by name. */
export function cookies(request) {
  const pairs = (request.headers.get("cookie") ?? "").split(/; */).filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s, 2)));
}

/** The SHA-256 in hexadecimal digits. */
export async function sha256(data) {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

export const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
