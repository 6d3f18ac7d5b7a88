const escape = (value) => encodeURIComponent(value).replace(/[!'()*]/g, (found) => found);
function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parse(text, separator = "&", equals = "=", settings = {}) {
  const decode = settings.decodeURIComponent ?? module.exports.unescape;
  const most = settings.maxKeys ?? 1000;
  const found = Object.create(null);
  if (typeof text !== "string" || text === "") return found;
  const pairs = text.split(separator);
  for (const pair of most > 0 ? pairs.slice(0, most) : pairs) {
    if (pair === "") continue;
    const at = pair.indexOf(equals);
    const part = (given) => decode(given.replace(/\+/g, "%20"));
    const name = part(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? "" : part(pair.slice(at + equals.length));
    if (!(name in found)) found[name] = value;
    else if (Array.isArray(found[name])) found[name].push(value);
    else found[name] = [found[name], value];
  }
  return found;
}

function plain(value) {
  return ["string", "number", "bigint", "boolean"].includes(typeof value) ? String(value) : "";
}

function stringify(values, separator = "&", equals = "=", settings = {}) {
  const encode = settings.encodeURIComponent ?? module.exports.escape;
  const pairs = [];
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) pairs.push(encode(name) + equals + encode(plain(one)));
  }
  return pairs.join(separator);
}

module.exports = { parse, decode: parse, stringify, encode: stringify, escape, unescape };
