// The files that an app may read. The builder puts those of the app into the component; folders of the host, such as
// `guest.assets`, are read through `wasi:filesystem`.
import { shared } from "./shared.js";

/** @typedef {{ isFolder: boolean, size: number, modified: number }} Found */

/** Files by their path below `/app`, and the folders that they are in. */
const tree = () => {
  if (shared.tree) return shared.tree;
  const folders = new Map([["/app", new Set()]]);
  for (const name of Object.keys(shared.files ?? {})) {
    let path = `/app/${name}`;
    while (path !== "/app") {
      const at = path.lastIndexOf("/");
      const folder = path.slice(0, at);
      if (!folders.has(folder)) folders.set(folder, new Set());
      folders.get(folder).add(path.slice(at + 1));
      path = folder;
    }
  }
  return (shared.tree = folders);
};

/** Gives the files of the app. @param {Record<string, string | Uint8Array>} files  text is base64 */
export function setFiles(files) {
  shared.files = files;
  shared.tree = undefined;
}

const inApp = (path) => (path.startsWith("/app/") ? path.slice(5) : undefined);

function own(path) {
  const name = inApp(path);
  return name !== undefined && Object.hasOwn(shared.files ?? {}, name) ? name : undefined;
}

function bytesOf(name) {
  const given = shared.files[name];
  if (typeof given !== "string") return given;
  const bytes = Uint8Array.from(atob(given), (character) => character.charCodeAt(0));
  shared.files[name] = bytes;
  return bytes;
}

/** @returns {Found | undefined} */
export function lookUp(path) {
  const name = own(path);
  if (name !== undefined) return { isFolder: false, size: bytesOf(name).length, modified: bytesOf(name).modified ?? 0 };
  if (tree().has(path) && (path !== "/app" || shared.files)) return { isFolder: true, size: 0, modified: 0 };
  return onHost(path, (folder, rest) => {
    if (rest === "") return { isFolder: true, size: 0, modified: 0 };
    const { type, size, dataModificationTimestamp: time } = folder.statAt({ symlinkFollow: true }, rest);
    const modified = time ? Number(time.seconds) * 1000 + Math.floor(time.nanoseconds / 1e6) : 0;
    return { isFolder: type === "directory", size: Number(size), modified };
  });
}

export function readBytes(path) {
  const name = own(path);
  if (name !== undefined) return bytesOf(name);
  return onHost(path, (folder, rest) => {
    const file = folder.openAt({ symlinkFollow: true }, rest, {}, { read: true });
    try {
      const chunks = [];
      let at = 0n;
      for (;;) {
        const [chunk, isEnd] = file.read(65_536n, at);
        chunks.push(chunk);
        at += BigInt(chunk.length);
        if (isEnd || chunk.length === 0) break;
      }
      const whole = new Uint8Array(Number(at));
      let start = 0;
      for (const chunk of chunks) {
        whole.set(chunk, start);
        start += chunk.length;
      }
      return whole;
    } finally {
      file[Symbol.dispose]();
    }
  });
}

export function list(path) {
  const own = tree().get(path);
  if (own) return [...own].sort();
  return onHost(path, (folder, rest) => {
    const opened = rest === "" ? folder : folder.openAt({}, rest, { directory: true }, { read: true });
    const entries = opened.readDirectory();
    const names = [];
    for (let entry = entries.readDirectoryEntry(); entry; entry = entries.readDirectoryEntry()) names.push(entry.name);
    entries[Symbol.dispose]();
    if (opened !== folder) opened[Symbol.dispose]();
    return names.sort();
  });
}

/** Calls with the host's folder that a path is in. Undefined if there is no such file. */
function onHost(path, action) {
  if (shared.phase === "building" || !shared.host?.getDirectories) return undefined;
  shared.folders ??= shared.host.getDirectories();
  for (const [folder, mount] of shared.folders) {
    const start = mount.endsWith("/") ? mount : `${mount}/`;
    if (path !== mount && !path.startsWith(start)) continue;
    try {
      return action(folder, path === mount ? "" : path.slice(start.length));
    } catch (error) {
      if (error?.payload === undefined) throw error;
    }
  }
  return undefined;
}
