// Modules of Node.js that a component cannot have. They can be imported, as libraries do that may not need them; a use
// throws a sentence.
const SENTENCES = {
  child_process: "processes cannot be started in a component",
  cluster: "processes cannot be started in a component: the host starts as many instances as there are requests",
  dgram: "sockets cannot be opened in a component: send requests with fetch",
  dns: "a component asks no name servers: dns.lookup answers the address by which the app can connect to a name",
  http2: "HTTP/2 is the host's: listen with node:http, and send requests with fetch",
  inspector: "a component has no inspector",
  net: "a component cannot listen, and connects only if a module of the app or of a package uses net.connect or net.Socket",
  readline: "a component has no terminal",
  repl: "a component has no terminal",
  sqlite: "node:sqlite is missing in a component",
  tls: "the host makes TLS: name the server in network.allow by tls:// or postgres://, and connect without TLS",
  v8: "the engine of a component is not V8",
  vm: "node:vm is missing in a component: use a function",
  wasi: "WebAssembly cannot be compiled in a component",
  worker_threads: "threads cannot be started in a component: await the work, or call it as a service",
};

/** @param {string} name  such as `child_process` */
exports.absent = function absent(name) {
  const top = name.replace(/^node:/, "").split("/")[0];
  const sentence = SENTENCES[top] ?? `the module node:${top} is missing in a component`;
  return part(`node:${top}`, sentence);
};

function part(path, sentence) {
  const refuse = () => {
    throw new Error(`${path} was used: ${sentence}`);
  };
  // A class too: libraries derive classes of their own from these.
  const target = function absent() {
    refuse();
  };
  const parts = new Map();
  return new Proxy(target, {
    get(_, name) {
      if (name === "__esModule" || name === "then" || typeof name === "symbol") return undefined;
      if (name === "prototype") return target.prototype;
      if (!parts.has(name)) parts.set(name, part(name === "default" ? path : `${path}.${name}`, sentence));
      return parts.get(name);
    },
    has: () => true,
    apply: refuse,
    construct: refuse,
  });
}
