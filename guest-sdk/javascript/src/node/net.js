// `node:net`: clients, if the app connects to a server. What only looks at addresses stays small.
const { absent } = require("./absent.js");
const { EventEmitter } = require("./events.js");
const addresses = require("./net/addresses.js");

const missing = absent("net");

/** Libraries derive classes of their own from this one. */
class NoSocket extends EventEmitter {
  connect() {
    return missing.connect();
  }
}

class Server extends EventEmitter {
  listen() {
    return missing.listen();
  }
}

const clients =
  typeof FUNCSERVER_SOCKETS === "boolean" && FUNCSERVER_SOCKETS
    ? require("./net/socket.js")
    : { Socket: NoSocket, Stream: NoSocket, connect: missing.connect, createConnection: missing.createConnection };

let selectsFamily = false;
module.exports = {
  ...addresses,
  ...clients,
  BlockList: missing.BlockList,
  SocketAddress: missing.SocketAddress,
  Server,
  createServer: missing.createServer,
  getDefaultAutoSelectFamily: () => selectsFamily,
  setDefaultAutoSelectFamily(value) {
    selectsFamily = value;
  },
  getDefaultAutoSelectFamilyAttemptTimeout: () => 250,
  setDefaultAutoSelectFamilyAttemptTimeout() {},
};
