#!/usr/bin/env node
// Starts the tool of this machine's platform, which is in an optional package of its own: npm installs only the one
// that fits. Old Node.js must be able to read this file, so that the tool itself can say what is too old.
"use strict";

var spawn = require("child_process").spawn;
var constants = require("os").constants;
var path = require("path");

var own = require("../package.json");
var platform = process.platform + "-" + process.arch;
var name = "funcserver-" + platform;
var packages = own.optionalDependencies || {};

function fail(sentence) {
  process.stderr.write("error: " + sentence + "\n");
  process.exit(1);
}

function found() {
  if (!Object.prototype.hasOwnProperty.call(packages, name)) {
    var known = Object.keys(packages).map(function (each) {
      return each.slice("funcserver-".length);
    });
    fail(
      "there is no funcserver for " + platform + ", only for " + known.join(", ") +
        "; build it from source, as its README says"
    );
  }
  var manifest;
  try {
    manifest = require.resolve(name + "/package.json");
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") damaged("the package " + name, error.code || error.message);
    fail("the package " + name + " is missing, which has the program; install it: npm install --include=optional");
  }
  var version;
  try {
    version = require(manifest).version;
  } catch (error) {
    damaged(manifest, "it is not JSON");
  }
  if (version !== own.version) {
    fail(
      name + " is version " + version + ", and funcserver is " + own.version + "; install the same version of both: " +
        "npm install --save-dev funcserver@" + own.version
    );
  }
  return path.join(path.dirname(manifest), "bin", "funcserver");
}

function damaged(program, reason) {
  fail(
    program + " cannot be used (" + reason + "): the package is damaged; remove node_modules/" + name + ", and run: " +
      "npm install"
  );
}

var program = found();
var child;
["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"].forEach(function (signal) {
  // Before the start, so that none ends only this program. The terminal sends its signals to both; what another program
  // sends only here is passed on.
  process.on(signal, function () {
    child.kill(signal);
  });
});
child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", function (error) {
  damaged(program, error.code || error.message);
});
child.on("exit", function (code, signal) {
  process.exit(signal ? 128 + constants.signals[signal] : code);
});
