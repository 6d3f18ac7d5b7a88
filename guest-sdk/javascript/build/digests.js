// Digests of the AWS SDK: those of `crypto.subtle` take the place of those of `node:crypto`. The engine's own are compiled,
// while those of the module are interpreted and take a second for each megabyte, and the SDK hashes what it sends to S3.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const MODULE = /[\\/]node_modules[\\/]@(?:aws-sdk|smithy)[\\/].*[\\/](Sha\d+)Node\.js$/;

/** @returns {import("esbuild").Plugin} */
export function digests() {
  return {
    name: "funcserver-digests",
    setup(build) {
      build.onLoad({ filter: MODULE }, ({ path }) => {
        const [, name] = MODULE.exec(path);
        const other = `${name}WebCrypto`;
        if (!existsSync(join(dirname(path), `${other}.js`))) return undefined;
        const contents = `export { ${other} as ${name}Node } from "./${other}.js";`;
        return { contents, loader: "js", resolveDir: dirname(path) };
      });
    },
  };
}
