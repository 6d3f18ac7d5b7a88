// `node:dns`: `lookup` answers the address that stands for a name. The host looks the name up when the app connects, and
// asks no name server for the app.
const { absent } = require("./absent.js");
const { isIP } = require("./net/addresses.js");

const { lookUp, systemError } =
  typeof FUNCSERVER_SOCKETS === "boolean" && FUNCSERVER_SOCKETS ? require("../guest/connection.js") : {};

const missing = absent("dns");

/** Pairs of an address and its family. */
function addressesOf(name, family) {
  const given = isIP(name);
  const found = given ? [name] : find(name);
  const all = found.map((address) => ({ address, family: isIP(address) }));
  return family === 4 || family === 6 ? all.filter((one) => one.family === family) : all;
}

function find(name) {
  if (lookUp) return lookUp(name);
  if (name === "localhost") return ["127.0.0.1"];
  return missing.lookup(name);
}

function settingsOf(options) {
  if (typeof options === "number") return { family: options, all: false };
  const { family = 0, all = false } = options ?? {};
  return { family: family === "IPv4" ? 4 : family === "IPv6" ? 6 : Number(family) || 0, all: Boolean(all) };
}

function lookup(name, options, done) {
  const answer = typeof options === "function" ? options : done;
  if (typeof answer !== "function") {
    throw Object.assign(new TypeError("The callback argument is a function"), { code: "ERR_INVALID_ARG_TYPE" });
  }
  const { family, all } = settingsOf(typeof options === "function" ? undefined : options);
  let result;
  try {
    result = found(String(name), family);
  } catch (error) {
    process.nextTick(answer, error);
    return {};
  }
  if (all) process.nextTick(answer, null, result);
  else process.nextTick(answer, null, result[0].address, result[0].family);
  return {};
}

function found(name, family) {
  const result = addressesOf(name, family);
  if (result.length > 0) return result;
  if (systemError) throw systemError("ENOTFOUND", "getaddrinfo", { host: name });
  const error = new Error(`getaddrinfo ENOTFOUND ${name}`);
  throw Object.assign(error, { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: name });
}

const promises = {
  lookup: (name, options) =>
    new Promise((resolve, reject) => {
      lookup(name, options ?? {}, (error, address, family) => {
        if (error) reject(error);
        else resolve(Array.isArray(address) ? address : { address, family });
      });
    }),
};

let order = "verbatim";
const settings = {
  getDefaultResultOrder: () => order,
  setDefaultResultOrder(value) {
    order = value;
  },
  getServers: () => [],
};

module.exports = {
  lookup,
  promises,
  ...settings,
  ADDRCONFIG: 1024,
  ALL: 256,
  V4MAPPED: 2048,
  NODATA: "ENODATA",
  NOTFOUND: "ENOTFOUND",
  SERVFAIL: "ESERVFAIL",
  TIMEOUT: "ETIMEOUT",
  CONNREFUSED: "ECONNREFUSED",
  CANCELLED: "ECANCELLED",
};
// Records of a name server.
for (const name of ["resolve", "resolve4", "resolve6", "resolveAny", "resolveCaa", "resolveCname", "resolveMx"]) {
  module.exports[name] = missing[name];
  promises[name] = missing[name];
}
for (const name of ["resolveNaptr", "resolveNs", "resolvePtr", "resolveSoa", "resolveSrv", "resolveTxt", "reverse"]) {
  module.exports[name] = missing[name];
  promises[name] = missing[name];
}
for (const name of ["lookupService", "setServers", "Resolver"]) {
  module.exports[name] = missing[name];
  promises[name] = missing[name];
}
Object.assign(promises, settings);
