// `process`, as far as there is one.
import { env } from "./environment.js";
import { print } from "./console.js";
import { isBuilding, whenRunning } from "./phase.js";

const listeners = new Map();
/** The Node.js whose modules these are most like. */
const VERSION = "22.12.0";

function stream(level, fd) {
  let rest = "";
  return {
    fd,
    isTTY: false,
    writable: true,
    columns: 80,
    write(chunk, encoding, done) {
      rest += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      const lines = rest.split("\n");
      rest = lines.pop();
      // What is written at once is one record, unless its lines are records of their own.
      if (lines.some((line) => line.startsWith("{"))) for (const line of lines) print(level, line);
      else if (lines.length > 0) print(level, lines.join("\n"));
      (typeof encoding === "function" ? encoding : done)?.();
      return true;
    },
    end(chunk) {
      this.write(`${chunk ?? ""}${rest ? "\n" : ""}`);
    },
    on() {
      return this;
    },
    once() {
      return this;
    },
    off() {
      return this;
    },
    removeListener() {
      return this;
    },
    emit: () => false,
    cork() {},
    uncork() {},
    getColorDepth: () => 1,
    hasColors: () => false,
  };
}

function add(name, listener, once) {
  const found = listeners.get(name) ?? [];
  listeners.set(name, [...found, { listener, once }]);
  return process;
}

/** Calls the listeners of an event. Whether there was one. */
export function emit(name, ...values) {
  const found = listeners.get(name);
  if (!found || found.length === 0) return false;
  listeners.set(name, found.filter(({ once }) => !once));
  for (const { listener } of found) listener.call(process, ...values);
  return true;
}

let started = 0;
// Not while the component is made, which may be days before.
whenRunning(() => (started = Date.now()));
const now = () => performance.now();

export const process = {
  title: "node",
  argv: ["node", "/app"],
  argv0: "node",
  execArgv: [],
  execPath: "/node",
  env,
  version: `v${VERSION}`,
  versions: { node: VERSION },
  release: { name: "node" },
  arch: "wasm32",
  platform: "linux",
  pid: 1,
  ppid: 0,
  exitCode: undefined,
  features: {},
  config: { variables: {} },
  stdout: stream("INFO", 1),
  stderr: stream("WARN", 2),
  stdin: { fd: 0, isTTY: false, on() {}, once() {}, resume() {}, pause() {}, setEncoding() {} },
  cwd: () => "/app",
  chdir() {
    throw new Error("the current folder of a component cannot be changed");
  },
  umask: () => 0o22,
  uptime: () => (isBuilding() ? 0 : (Date.now() - started) / 1000),
  hrtime: Object.assign(
    (since) => {
      const time = now();
      let seconds = Math.floor(time / 1000);
      let nanoseconds = Math.floor((time % 1000) * 1e6);
      if (since) {
        seconds -= since[0];
        nanoseconds -= since[1];
        if (nanoseconds < 0) {
          seconds -= 1;
          nanoseconds += 1e9;
        }
      }
      return [seconds, nanoseconds];
    },
    { bigint: () => BigInt(Math.floor(now() * 1e6)) },
  ),
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), {
    rss: () => 0,
  }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  nextTick: (action, ...values) => queueMicrotask(() => action(...values)),
  exit(code) {
    throw new Error(`process.exit(${code ?? ""}) was called: a component serves requests until the host ends it`);
  },
  abort() {
    throw new Error("process.abort() was called: a component serves requests until the host ends it");
  },
  kill() {
    throw new Error("there are no processes in a component");
  },
  getuid: () => 65534,
  geteuid: () => 65534,
  getgid: () => 65534,
  getegid: () => 65534,
  emitWarning(warning, ...others) {
    const name = typeof others[0] === "string" ? others[0] : (others[0]?.type ?? warning?.name ?? "Warning");
    print("WARN", `${name}: ${warning?.message ?? warning}`);
  },
  on: (name, listener) => add(name, listener, false),
  addListener: (name, listener) => add(name, listener, false),
  prependListener: (name, listener) => add(name, listener, false),
  once: (name, listener) => add(name, listener, true),
  off(name, listener) {
    listeners.set(name, (listeners.get(name) ?? []).filter((one) => one.listener !== listener));
    return process;
  },
  removeListener: (name, listener) => process.off(name, listener),
  removeAllListeners(name) {
    if (name === undefined) listeners.clear();
    else listeners.delete(name);
    return process;
  },
  listeners: (name) => (listeners.get(name) ?? []).map(({ listener }) => listener),
  listenerCount: (name) => (listeners.get(name) ?? []).length,
  emit,
  setMaxListeners: () => process,
  getMaxListeners: () => 10,
  setUncaughtExceptionCaptureCallback() {},
  binding(name) {
    throw new Error(`process.binding(${JSON.stringify(name)}) is missing in a component`);
  },
  get [Symbol.toStringTag]() {
    return "process";
  },
};
