// Forms, as bytes and back. The engine's own parser changes the bytes of files.
import { decode, encoder, indexOf } from "./bytes.js";

const MULTIPART = /^\s*multipart\/form-data\s*(?:;|$)/i;
const URLENCODED = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;
const BOUNDARY = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i;
const CRLF = encoder.encode("\r\n");
const BLANK = encoder.encode("\r\n\r\n");

/** The form of a body. Throws a TypeError if it is none. */
export function parseForm(bytes, type) {
  if (MULTIPART.test(type)) return parseMultipart(bytes, type);
  if (!URLENCODED.test(type)) throw new TypeError(`the content type of a form is not ${JSON.stringify(type)}`);
  const form = new FormData();
  for (const [name, value] of new URLSearchParams(decode(bytes))) form.append(name, value);
  return form;
}

function parseMultipart(bytes, type) {
  const [, quoted, token] = BOUNDARY.exec(type) ?? [];
  const boundary = quoted?.replace(/\\(.)/g, "$1") ?? token;
  if (!boundary) throw new TypeError("the content type of the form names no boundary");
  const first = encoder.encode(`--${boundary}`);
  const between = encoder.encode(`\r\n--${boundary}`);
  const form = new FormData();
  // What stands before the first boundary is a preamble that nobody reads.
  let at = startsWith(bytes, first, 0) ? first.length : after(bytes, between, 0);
  for (;;) {
    if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) return form;
    while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
    if (!startsWith(bytes, CRLF, at)) throw broken("a line end is missing after a boundary");
    const head = indexOf(bytes, BLANK, at);
    const start = head + BLANK.length;
    const end = head < 0 ? -1 : indexOf(bytes, between, head + CRLF.length);
    if (end < 0) throw broken("its last boundary is missing");
    // A part without content may end with the line that ends its head.
    const part = bytes.subarray(Math.min(start, end), end);
    appendPart(form, decode(bytes.subarray(at + CRLF.length, head)), part);
    at = end + between.length;
  }
}

const broken = (why) => new TypeError(`the form of the request is malformed: ${why}`);

function startsWith(bytes, wanted, at) {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

function after(bytes, wanted, from) {
  const found = indexOf(bytes, wanted, from);
  if (found < 0) throw broken("its boundary does not occur in it");
  return found + wanted.length;
}

function appendPart(form, head, bytes) {
  let name;
  let filename;
  let type;
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) throw broken("a part has a header without a colon");
    const key = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (key === "content-disposition") {
      const parameters = dispositionOf(value);
      name = parameters.get("name");
      filename = parameters.get("filename*") ?? parameters.get("filename");
    } else if (key === "content-type") {
      type = value;
    }
  }
  if (name === undefined) throw broken("a part has no name");
  if (filename === undefined) form.append(name, decode(bytes));
  else form.append(name, new File([bytes], filename, { type: type ?? "application/octet-stream" }));
}

const PARAMETER = /;\s*([\w!#$&+\-.^`|~*]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s;]*))/g;

/** Browsers write %0A, %0D and %22 in names, others a backslash before a quote. */
function dispositionOf(value) {
  if (!/^form-data\s*(?:;|$)/i.test(value)) throw broken("a part is not form-data");
  const found = new Map();
  for (const [, key, quoted, token] of value.matchAll(PARAMETER)) {
    const name = key.toLowerCase();
    const text = quoted === undefined ? token : quoted.replace(/\\(["\\])/g, "$1");
    if (name === "filename*") {
      const decoded = extended(text);
      if (decoded !== undefined) found.set(name, decoded);
    } else if (!found.has(name)) {
      found.set(name, text.replace(/%0A/gi, "\n").replace(/%0D/gi, "\r").replace(/%22/g, '"'));
    }
  }
  return found;
}

/** `UTF-8''na%C3%AFve.txt` */
function extended(text) {
  const [, name] = /^utf-8'[^']*'(.*)$/i.exec(text) ?? [];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

const escaped = (name) => name.replace(/\r\n|\r|\n/g, "%0D%0A").replace(/"/g, "%22");

/**
 * A form as the pieces of a body, and its content type.
 * @returns {[() => Promise<Uint8Array[]>, string]}
 */
export function formBytes(form) {
  const boundary = `----funcserver${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
  const pieces = async () => {
    const parts = [];
    for (const [name, value] of form) {
      const start = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"`;
      if (typeof value === "string") {
        parts.push(encoder.encode(`${start}\r\n\r\n${value.replace(/\r\n|\r|\n/g, "\r\n")}\r\n`));
        continue;
      }
      const type = value.type || "application/octet-stream";
      parts.push(encoder.encode(`${start}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
      parts.push(new Uint8Array(await value.arrayBuffer()), CRLF);
    }
    parts.push(encoder.encode(`--${boundary}--\r\n`));
    return parts;
  };
  return [pieces, `multipart/form-data; boundary=${boundary}`];
}
