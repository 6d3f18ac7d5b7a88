const fflate = require("fflate");
const { Transform } = require("./stream.js");
const { Buffer } = require("./buffer.js");
const { absent } = require("./absent.js");

const missing = absent("zlib");
const bytes = (data) => (typeof data === "string" ? Buffer.from(data) : new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength));
const inflateAny = (data) => (data[0] === 0x1f && data[1] === 0x8b ? fflate.gunzipSync(data) : fflate.unzlibSync(data));

/** The functions by their names in Node.js, and the streams of the library. */
const KINDS = {
  gzip: [fflate.gzipSync, fflate.Gzip],
  gunzip: [fflate.gunzipSync, fflate.Gunzip],
  deflate: [fflate.zlibSync, fflate.Zlib],
  inflate: [fflate.unzlibSync, fflate.Unzlib],
  deflateRaw: [fflate.deflateSync, fflate.Deflate],
  inflateRaw: [fflate.inflateSync, fflate.Inflate],
  unzip: [inflateAny, fflate.Decompress],
};

class Compression extends Transform {
  constructor(Kind, settings = {}) {
    super(settings);
    this._chunks = [];
    const isPacking = Kind === fflate.Gzip || Kind === fflate.Zlib || Kind === fflate.Deflate;
    this._kind = isPacking ? new Kind({ level: levelOf(settings) }) : new Kind();
    this._kind.ondata = (chunk) => this.push(Buffer.from(chunk));
    this._isEmpty = true;
  }

  _transform(chunk, _, done) {
    try {
      this._isEmpty = false;
      this._kind.push(bytes(chunk), false);
      done();
    } catch (error) {
      done(error);
    }
  }

  _flush(done) {
    try {
      this._kind.push(new Uint8Array(0), true);
      done();
    } catch (error) {
      done(error);
    }
  }

  flush(_, done) {
    if (typeof _ === "function") _();
    else done?.();
  }

  close(done) {
    done?.();
  }
}

const levelOf = ({ level } = {}) => (level === undefined || level < 0 ? 6 : level);
const constants = { Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4 };
Object.assign(constants, { Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_DEFAULT_STRATEGY: 0 });
Object.assign(constants, { BROTLI_PARAM_QUALITY: 1, BROTLI_OPERATION_FLUSH: 1, BROTLI_DEFAULT_QUALITY: 11 });

for (const [name, [now, Kind]] of Object.entries(KINDS)) {
  const sync = (data, settings) => Buffer.from(now(bytes(data), { level: levelOf(settings) }));
  const plain = (data, settings) => (/^(?:gzip|deflate)/.test(name) ? sync(data, settings) : Buffer.from(now(bytes(data))));
  const upper = name[0].toUpperCase() + name.slice(1);
  exports[`${name}Sync`] = plain;
  exports[name] = (data, ...others) => {
    const done = others.pop();
    let result;
    try {
      result = plain(data, others[0]);
    } catch (error) {
      queueMicrotask(() => done(error));
      return;
    }
    queueMicrotask(() => done(null, result));
  };
  exports[upper] = class extends Compression {
    constructor(settings) {
      super(Kind, settings);
    }
  };
  exports[`create${upper}`] = (settings) => new exports[upper](settings);
}
for (const name of ["brotliCompress", "brotliCompressSync", "brotliDecompress", "brotliDecompressSync"]) {
  exports[name] = missing[name];
}
exports.createBrotliCompress = missing.createBrotliCompress;
exports.createBrotliDecompress = missing.createBrotliDecompress;
exports.constants = constants;
