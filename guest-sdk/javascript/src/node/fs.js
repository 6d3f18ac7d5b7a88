// `node:fs`, to read: the files of the app, which the builder puts into the component, and those of the host's folders.
const { Buffer } = require("./buffer.js");
const { Readable } = require("./stream.js");
const path = require("./path.js");
const { lookUp, readBytes, list } = require("../guest/files.js");

const text = (file) => (file instanceof URL ? decodeURIComponent(file.pathname) : Buffer.isBuffer(file) ? String(file) : file);
const absolute = (file) => path.resolve("/app", String(text(file)));

function failure(code, what, file) {
  const said = { ENOENT: "no such file or directory", EROFS: "read-only file system", EISDIR: "is a directory", ENOTDIR: "not a directory" }[code];
  return Object.assign(new Error(`${code}: ${said}, ${what} '${file}'`), { code, syscall: what, path: file, errno: -1 });
}

class Stats {
  constructor({ isFolder, size, modified }) {
    this._isFolder = isFolder;
    this.size = size;
    this.mode = isFolder ? 0o40555 : 0o100444;
    this.mtimeMs = this.atimeMs = this.ctimeMs = this.birthtimeMs = modified;
    this.mtime = this.atime = this.ctime = this.birthtime = new Date(modified);
    this.ino = this.dev = this.nlink = this.uid = this.gid = 0;
  }

  isFile() {
    return !this._isFolder;
  }

  isDirectory() {
    return this._isFolder;
  }

  isSymbolicLink() {
    return false;
  }

  isSocket() {
    return false;
  }

  isFIFO() {
    return false;
  }

  isBlockDevice() {
    return false;
  }

  isCharacterDevice() {
    return false;
  }
}

function statSync(file, settings) {
  const found = lookUp(absolute(file));
  if (found) return new Stats(found);
  if (settings?.throwIfNoEntry === false) return undefined;
  throw failure("ENOENT", "stat", text(file));
}

function readFileSync(file, settings) {
  const found = lookUp(absolute(file));
  if (!found) throw failure("ENOENT", "open", text(file));
  if (found.isFolder) throw failure("EISDIR", "read", text(file));
  const buffer = Buffer.from(readBytes(absolute(file)));
  const encoding = typeof settings === "string" ? settings : settings?.encoding;
  return encoding ? buffer.toString(encoding) : buffer;
}

function readdirSync(folder, settings) {
  const found = lookUp(absolute(folder));
  if (!found) throw failure("ENOENT", "scandir", text(folder));
  if (!found.isFolder) throw failure("ENOTDIR", "scandir", text(folder));
  const names = list(absolute(folder));
  if (!settings?.withFileTypes) return names;
  return names.map((name) => {
    const stats = statSync(path.join(absolute(folder), name));
    return Object.assign(stats, { name, parentPath: text(folder), path: text(folder) });
  });
}

function accessSync(file, mode) {
  if (!lookUp(absolute(file))) throw failure("ENOENT", "access", text(file));
  if (mode & 2) throw failure("EROFS", "access", text(file));
}

function realpathSync(file) {
  statSync(file);
  return absolute(file);
}

const SYNC = { statSync, lstatSync: statSync, readFileSync, readdirSync, accessSync, realpathSync };
const READ_ONLY = ["writeFile", "appendFile", "mkdir", "rm", "rmdir", "unlink", "rename", "copyFile", "chmod", "utimes", "symlink", "truncate", "mkdtemp"];
for (const name of READ_ONLY) {
  SYNC[`${name}Sync`] = (file) => {
    throw failure("EROFS", name, text(file));
  };
}

/** Loggers write to the descriptors of the output: whole lines are records, as those of `process.stdout`. */
function writeSync(fd, data, ...others) {
  const output = { 1: process.stdout, 2: process.stderr }[fd];
  if (!output) throw Object.assign(new Error("EBADF: bad file descriptor, write"), { code: "EBADF", syscall: "write" });
  if (typeof data === "string") {
    output.write(data);
    return Buffer.byteLength(data);
  }
  const [first, second] = others;
  const { offset = 0, length } = typeof first === "object" && first !== null ? first : { offset: first, length: second };
  const bytes = data.subarray(offset ?? 0, (offset ?? 0) + (length ?? data.length));
  output.write(bytes);
  return bytes.length;
}
SYNC.writeSync = writeSync;
for (const name of ["fsyncSync", "fdatasyncSync", "closeSync"]) SYNC[name] = () => {};
for (const name of ["openSync", "fstatSync", "readSync"]) {
  SYNC[name] = () => {
    throw new Error(`fs.${name} is missing in a component: read a file with readFile or createReadStream`);
  };
}

const promises = {};
const callbacks = {};
for (const [name, now] of Object.entries(SYNC)) {
  const short = name.replace(/Sync$/, "");
  promises[short] = async (...values) => now(...values);
  callbacks[short] = (...values) => {
    const done = values.pop();
    promises[short](...values).then(
      (value) => done(null, value),
      (error) => done(error),
    );
  };
}
callbacks.write = (fd, data, ...others) => {
  const done = others.pop();
  let written;
  try {
    written = writeSync(fd, data, ...others);
  } catch (error) {
    queueMicrotask(() => done(error));
    return;
  }
  queueMicrotask(() => done(null, written, data));
};
callbacks.realpath.native = callbacks.realpath;
realpathSync.native = realpathSync;
promises.constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 };

const PIECE = 65_536;
class ReadStream extends Readable {
  constructor(file, settings = {}) {
    super({ highWaterMark: PIECE, ...(typeof settings === "string" ? { encoding: settings } : settings) });
    this.path = text(file);
    this._file = file;
    this._range = settings;
    this.bytesRead = 0;
  }

  _construct(done) {
    let all;
    try {
      all = readFileSync(this._file);
    } catch (error) {
      done(error);
      return;
    }
    const { start = 0, end = Infinity } = this._range;
    this._bytes = all.subarray(start, Math.min(end + 1, all.length));
    done();
    queueMicrotask(() => {
      this.emit("open", 3);
      this.emit("ready");
    });
  }

  _read() {
    const piece = this._bytes.subarray(this.bytesRead, this.bytesRead + PIECE);
    this.bytesRead += piece.length;
    this.push(piece.length > 0 ? piece : null);
  }

  close(done) {
    this.destroy(null);
    done?.();
  }
}

module.exports = {
  ...SYNC,
  ...callbacks,
  promises,
  constants: promises.constants,
  ...promises.constants,
  existsSync: (file) => lookUp(absolute(file)) !== undefined,
  exists: (file, done) => queueMicrotask(() => done(lookUp(absolute(file)) !== undefined)),
  createReadStream: (file, settings) => new ReadStream(file, settings),
  createWriteStream: (file) => {
    throw failure("EROFS", "open", text(file));
  },
  ReadStream,
  Stats,
  watch: () => ({ close() {}, on() {} }),
  watchFile() {},
  unwatchFile() {},
};
