// What the builder says about the app.
import { shared } from "./shared.js";

/**
 * @typedef {object} Options
 * @property {string[]} granted  the variables that the settings grant
 * @property {"build" | "start"} import  when the app's modules are evaluated
 * @property {boolean} development
 * @property {string} app
 */

/** @type {Options} */
export const options = (shared.options ??=
  typeof FUNCSERVER_OPTIONS === "object"
    ? FUNCSERVER_OPTIONS
    : { granted: [], import: "build", development: false, app: "" });
