// `wasi:cli/environment`.
import { host } from "../host.js";

export const getEnvironment = () => host.variables;
