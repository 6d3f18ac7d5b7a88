// The interfaces of the host, for modules that are also used where there are none.
import * as environment from "wasi:cli/environment@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
import * as http from "wasi:http/types@0.2.12";

import { shared } from "./shared.js";

shared.host = { environment, http, getDirectories };
