// What an app finds when it is evaluated. The builder's entry imports it before the app.
import "./phase.js";
import "./chance.js";
import "./work.js";
import { install as installStacks } from "./stack.js";
import { install as installConsole } from "./console.js";
import "./globals.js";
import "./normalize.js";
import "./regexp.js";
import "./rejections.js";

installStacks();
installConsole();
