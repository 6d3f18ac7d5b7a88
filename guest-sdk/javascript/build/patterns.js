// Regular expressions that the engine cannot read: it has no data of Unicode, so `\p{…}` is a syntax error there.
import { parse } from "acorn";
import rewrite from "regexpu-core";

const SUSPICIOUS = /\\[pP]\{|\/[a-z]*v[a-z]*\b/;
const UNREADABLE = /\\[pP]\{/;
const OPTIONS = { unicodePropertyEscapes: "transform", unicodeSetsFlag: "transform" };

/** The code with these written as sets of characters. It keeps its lines. */
export function rewritePatterns(code) {
  if (!SUSPICIOUS.test(code)) return code;
  const found = [];
  const tree = parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  visit(tree, found);
  if (found.length === 0) return code;
  let end = 0;
  let text = "";
  for (const { start, stop, by } of found.sort((a, b) => a.start - b.start)) {
    text += code.slice(end, start) + by;
    end = stop;
  }
  return text + code.slice(end);
}

function visit(tree, found) {
  const waiting = [tree];
  while (waiting.length > 0) {
    const node = waiting.pop();
    const replaced = literal(node) ?? constructed(node);
    if (replaced) {
      found.push(replaced);
      continue;
    }
    for (const name in node) {
      const value = node[name];
      if (value === null || typeof value !== "object") continue;
      if (Array.isArray(value)) {
        for (const one of value) if (one !== null && typeof one === "object") waiting.push(one);
      } else if (typeof value.type === "string") waiting.push(value);
    }
  }
}

function literal(node) {
  if (node.type !== "Literal" || !node.regex) return undefined;
  const made = rewritten(node.regex.pattern, node.regex.flags);
  return made && { start: node.start, stop: node.end, by: `/${made.pattern}/${made.flags}` };
}

/** `new RegExp("\\p{L}", "u")`. */
function constructed(node) {
  if (node.type !== "NewExpression" && node.type !== "CallExpression") return undefined;
  if (node.callee.type !== "Identifier" || node.callee.name !== "RegExp") return undefined;
  const [pattern, flags] = node.arguments.map(constant);
  if (pattern === undefined || flags === undefined) return undefined;
  const made = rewritten(pattern, flags);
  const by = made && `new RegExp(${JSON.stringify(made.pattern)},${JSON.stringify(made.flags)})`;
  return by && { start: node.start, stop: node.end, by };
}

function constant(node) {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.quasis.length === 1) return node.quasis[0].value.cooked;
  return undefined;
}

function rewritten(pattern, flags) {
  const sets = flags.includes("v");
  if (!sets && !(flags.includes("u") && UNREADABLE.test(pattern))) return undefined;
  try {
    return { pattern: rewrite(pattern, flags, OPTIONS), flags: flags.replace("v", "u") };
  } catch {
    // The engine says what is wrong with it.
    return undefined;
  }
}
