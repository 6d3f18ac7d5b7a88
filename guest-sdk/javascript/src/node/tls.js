// `node:tls`: the host makes TLS, so that a socket of it fails with a sentence, as an error of the connection. Libraries
// import the module before they know whether they need it.
const { EventEmitter } = require("./events.js");
const net = require("./net.js");
const { absent } = require("./absent.js");

const missing = absent("tls");
const INSTEAD =
  "a component has no TLS of its own: let the host make it, by an entry such as tls://cache.example.com:6379 or " +
  "postgres://db.example.com:5432 in network.allow, and connect without TLS";

const refused = () => Object.assign(new Error(INSTEAD), { code: "ENOTSUP", syscall: "connect" });

class TLSSocket extends net.Socket {
  constructor(socket, options) {
    super(options);
    this.encrypted = true;
    this.authorized = false;
  }

  connect() {
    queueMicrotask(() => fail(this));
    return this;
  }
}

function fail(socket) {
  if (typeof socket.destroy === "function") socket.destroy(refused());
  else socket.emit("error", refused());
}

/** The socket that it would be made on is closed, as nobody can use it any more. */
function connect(...values) {
  const options = values.find((value) => typeof value === "object" && value !== null) ?? {};
  const socket = new TLSSocket();
  const done = values.findLast((value) => typeof value === "function");
  if (done) socket.once("secureConnect", done);
  queueMicrotask(() => {
    options.socket?.destroy?.();
    fail(socket);
  });
  return socket;
}

class SecureContext {}

module.exports = {
  TLSSocket,
  SecureContext,
  connect,
  createConnection: connect,
  createSecureContext: () => new SecureContext(),
  checkServerIdentity: () => undefined,
  getCiphers: () => [],
  rootCertificates: [],
  DEFAULT_MIN_VERSION: "TLSv1.2",
  DEFAULT_MAX_VERSION: "TLSv1.3",
  DEFAULT_CIPHERS: "",
  DEFAULT_ECDH_CURVE: "auto",
  createServer: missing.createServer,
  Server: class Server extends EventEmitter {
    listen() {
      return missing.listen();
    }
  },
};
