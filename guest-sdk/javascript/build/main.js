#!/usr/bin/env node
// The builder's command line. It has nothing that an old Node.js does not understand, so that it can say so.
const OLDEST = 20;
const version = Number(process.versions.node.split(".")[0]);
if (version < OLDEST) {
  process.stderr.write(
    `error: Node.js here is ${process.versions.node}, and funcserver needs ${OLDEST} or later: install a newer one\n`,
  );
  process.exit(1);
}
import("./command.js").then(
  ({ main }) => main(process.argv.slice(2)),
  (error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(
      `error: a package of funcserver's builder is not installed (${error.message.split("\n")[0]}): ` +
        "run npm install in its folder\n",
    );
    process.exit(1);
  },
);
