// The host's interfaces of TCP, in components whose app may connect.
import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { Error as IoError } from "wasi:io/error@0.2.12";
import { poll, Pollable } from "wasi:io/poll@0.2.12";
import { InputStream, OutputStream } from "wasi:io/streams@0.2.12";
import { instanceNetwork } from "wasi:sockets/instance-network@0.2.12";
import { resolveAddresses, ResolveAddressStream } from "wasi:sockets/ip-name-lookup@0.2.12";
import { TcpSocket } from "wasi:sockets/tcp@0.2.12";
import { createTcpSocket } from "wasi:sockets/tcp-create-socket@0.2.12";

import { shared } from "./shared.js";
import { Waiting } from "./waiting.js";

shared.waiting = new Waiting({ poll, subscribeDuration });
shared.sockets = { createTcpSocket, instanceNetwork, resolveAddresses };
// componentize-js has the class of a resource only where its interface is imported and used,
shared.sockets.classes = [IoError, InputStream, OutputStream, Pollable, ResolveAddressStream, TcpSocket];
// and none of one without functions, though its code names it. That code has global names of its own, which its functions
// lead to.
const globalOf = (ofHost) => ofHost.constructor("return globalThis")();
globalOf(instanceNetwork).import_network_0_2_12$Network ??= class Network {};
