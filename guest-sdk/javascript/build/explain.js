// What happened while the app was evaluated in the component, in words for the user.
import { join, relative, sep } from "node:path";

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

import { BuildError } from "./errors.js";
import * as output from "./output.js";
import { SDK } from "./sdk.js";

const FRAME = /^(.*?)@(.*?):(\d+):(\d+)$/;
const START = 'component.import = "start" in funcserver.toml';
const LATER = "read it in the handler, or in a function for onStart of the module funcserver";
const MOST_SHOWN = 12;
const SHOWN_OF_A_FAILURE = 30;

export class Explainer {
  constructor(app, folder, granted, map) {
    this.app = app;
    this.folder = folder;
    this.granted = new Set(granted);
    this.tracer = map ? new TraceMap(map) : undefined;
  }

  /** Fails if the component is not to be used, and warns of what it has frozen. */
  judge(events, importAt) {
    if (importAt !== "build") return;
    const reads = events.find(({ event }) => event === "reads")?.reads ?? [];
    const failed = events.find(({ event }) => event === "failed");
    this.refuse(reads);
    if (failed) throw this.failure(failed, reads);
    const unfit = events.find(({ event }) => event === "unfit");
    if (unfit) throw new BuildError(`component.app names ${this.app.text}, but ${unfit.message}`);
    for (const [place, { name }] of this.places(reads.filter(({ kind }) => kind === "clock"))) {
      output.warn(
        `${place} calls ${name} while it is imported: every instance has the time of the build. ${capital(LATER)}`,
      );
    }
  }

  /** A variable that is granted, and randomness, are there only when an instance runs. */
  refuse(reads) {
    const variables = reads.filter(
      ({ kind, granted, name }) => kind === "environment" && (granted || this.granted.has(name)),
    );
    const random = reads.filter(({ kind }) => kind === "randomness");
    for (const [found, what] of [
      [variables, ({ name }) => `reads process.env.${name}`],
      [random, ({ name }) => `draws random values with ${name}`],
    ]) {
      const places = [...this.places(found)];
      if (places.length === 0) continue;
      const [[place, read]] = places;
      const others = places.slice(1, MOST_SHOWN).map(([other, one]) => `${other} ${what(one)}`);
      const why =
        read.kind === "environment" ? "and a build has no such variable" : "which would be the same in every instance";
      throw new BuildError(
        `${place} ${what(read)} while it is imported, ${why}: set ${START}, or ${LATER}`,
        others.length > 0 ? others.join("\n") : undefined,
      );
    }
  }

  /** The first read at each place. */
  places(reads) {
    const found = new Map();
    for (const read of reads) {
      const place = this.place(read.stack);
      // The SDK's own reads are no matter of the app.
      if (place === undefined) continue;
      if (!found.has(`${place} ${read.name}`)) found.set(`${place} ${read.name}`, [place, read]);
    }
    return found.values();
  }

  failure({ name, message, stack }, reads) {
    const place = this.place(stack);
    const said = name ? `${name}: ${message}` : message;
    const missing = [...new Set(reads.filter(({ kind }) => kind === "environment").map((read) => read.name))];
    // A variable that no settings grant is `undefined`, which is the usual reason.
    const hint =
      missing.length > 0
        ? `; it reads ${missing
            .slice(0, 5)
            .map((one) => `process.env.${one}`)
            .join(", ")}, which guest.env or ` + `guest.inherit-env of funcserver.toml can grant, with ${START}`
        : "";
    const trace = this.trace(stack);
    return new BuildError(
      `${this.app.text} cannot be imported: ${said}${place ? ` (${place})` : ""}${hint}`,
      trace.length > 0 ? trace.join("\n") : undefined,
    );
  }

  /** The engine ended before it said what happened. */
  engineFailure(said) {
    const lines = said
      .trim()
      .split("\n")
      .map((line) => this.mapped(line));
    const reason = lines.find((line) => /Error|exception|Stack|memory/i.test(line)) ?? lines.at(-1) ?? "";
    const details = lines.slice(-SHOWN_OF_A_FAILURE).join("\n");
    return new BuildError(`componentize-js made no component of ${this.app.text}: ${reason.trim()}`, details);
  }

  mapped(line) {
    const [, before, row, column] = /^(.*?)bundle\.js:(\d+):(\d+)/.exec(line) ?? [];
    if (row === undefined) return line;
    return `${before}${this.position(Number(row), Number(column))?.place ?? `bundle.js:${row}:${column}`}`;
  }

  /** The place in the app's own modules that is nearest to where it happened, else in a package, if it is in either. */
  place(stack) {
    const frames = this.frames(stack);
    const own = frames.find(({ file }) => !file.includes("node_modules/"));
    return (own ?? frames[0])?.place;
  }

  trace(stack) {
    return this.frames(stack)
      .slice(0, MOST_SHOWN)
      .map(({ name, place }) => `at ${name ? `${name} (${place})` : place}`);
  }

  frames(stack) {
    const found = [];
    for (const line of String(stack).split("\n")) {
      const [, name, , row, column] = FRAME.exec(line) ?? [];
      const position = row && this.position(Number(row), Number(column));
      if (position) found.push({ ...position, name: /^[\w$.#]+$/.test(name) && !/\.[jt]sx?$/.test(name) ? name : "" });
    }
    return found;
  }

  /** Where a place of the bundle is in the sources; undefined if it is not the app's. */
  position(line, column) {
    if (!this.tracer) return undefined;
    const { source, line: row } = originalPositionFor(this.tracer, { line, column: Math.max(column - 1, 0) });
    if (!source || source.startsWith("funcserver-") || source.startsWith("virtual:")) return undefined;
    const inside = relative(SDK, join(this.folder, source));
    if (/^funcserver\/(?:src|node_modules)\//.test(source) || !inside.startsWith("..")) return undefined;
    const file = source.split(sep).join("/");
    return { file, place: `${file}:${row}` };
  }
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
