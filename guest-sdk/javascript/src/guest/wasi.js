// The interfaces of the host, for modules that are also used where there are none.
import * as environment from "wasi:cli/environment@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
import * as http from "wasi:http/types@0.2.12";

import { shared } from "./shared.js";

const { Fields, OutgoingBody, OutgoingResponse, ResponseOutparam } = http;
// Not the namespace of a module, each of whose members the engine looks up again.
shared.host = { environment, http: { Fields, OutgoingBody, OutgoingResponse, ResponseOutparam }, getDirectories };
