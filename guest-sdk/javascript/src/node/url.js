const querystring = require("./querystring.js");

const LEGACY = /^([a-z][a-z0-9+.-]*:)?(\/\/)?(?:([^@/?#]*)@)?([^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$/i;

class Url {
  protocol = null;
  slashes = null;
  auth = null;
  host = null;
  port = null;
  hostname = null;
  hash = null;
  search = null;
  query = null;
  pathname = null;
  path = null;
  href = "";
}

/** The older function, which takes relative addresses too. */
function parse(text, parseQuery = false, slashesDenoteHost = false) {
  const url = new Url();
  const given = String(text);
  const isPath = given.startsWith("/") && !(slashesDenoteHost && given.startsWith("//"));
  const [, protocol, slashes, auth, host, pathname, search, hash] = isPath
    ? [null, undefined, undefined, undefined, undefined, ...(/^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(given) ?? []).slice(1)]
    : (LEGACY.exec(given) ?? []);
  const hasHost = slashes !== undefined;
  url.protocol = protocol?.toLowerCase() ?? null;
  url.slashes = hasHost || null;
  url.auth = hasHost && auth !== undefined ? decodeURIComponent(auth) : null;
  if (hasHost) {
    url.host = host?.toLowerCase() ?? "";
    const [, name, port] = /^(.*?)(?::(\d*))?$/.exec(url.host) ?? [];
    url.hostname = name ?? "";
    url.port = port || null;
  }
  url.pathname = (hasHost ? pathname : `${isPath ? "" : (host ?? "")}${pathname ?? ""}`) || (hasHost ? "/" : null);
  url.search = search ?? null;
  url.query = search?.slice(1) ?? null;
  if (parseQuery) url.query = querystring.parse(url.query ?? "");
  if (parseQuery) url.search ??= "";
  url.hash = hash ?? null;
  url.path = url.pathname === null && !url.search ? null : `${url.pathname ?? ""}${url.search ?? ""}`;
  url.href = format(url);
  return url;
}

function format(url) {
  if (typeof url === "string") return url;
  if (url instanceof URL) return url.href;
  let protocol = url.protocol ?? "";
  if (protocol && !protocol.endsWith(":")) protocol += ":";
  const auth = url.auth ? `${encodeURIComponent(url.auth).replace(/%3A/i, ":")}@` : "";
  const host = url.host ?? (url.hostname ? `${url.hostname}${url.port ? `:${url.port}` : ""}` : "");
  const query = url.query && typeof url.query === "object" ? querystring.stringify(url.query) : "";
  let search = url.search ?? (query ? `?${query}` : "");
  if (search && !search.startsWith("?")) search = `?${search}`;
  const start = host || url.slashes ? `//${auth}${host}` : "";
  return `${protocol}${start}${url.pathname ?? ""}${search}${url.hash ?? ""}`;
}

function resolve(from, to) {
  const base = new URL(from, "resolve://");
  const found = new URL(to, base);
  if (found.protocol !== "resolve:") return found.href;
  return `${found.pathname}${found.search}${found.hash}`;
}

module.exports = {
  URL,
  URLSearchParams,
  Url,
  parse,
  format,
  resolve,
  fileURLToPath: (url) => decodeURIComponent(new URL(url).pathname),
  pathToFileURL: (path) => new URL(`file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`),
  domainToASCII: (domain) => new URL(`http://${domain}`).hostname,
  domainToUnicode: (domain) => domain,
  urlToHttpOptions: ({ protocol, hostname, port, pathname, search, href }) => ({
    protocol,
    hostname,
    port: port ? Number(port) : undefined,
    path: `${pathname}${search}`,
    href,
  }),
};
