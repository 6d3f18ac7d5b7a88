// Where Node.js finds the interfaces of the host: `wasi:http/types@0.2.12` is `http/types.js` beside this file.
export function resolve(specifier, context, next) {
  const [, path] = /^wasi:([\w/-]+)@/.exec(specifier) ?? [];
  if (path === undefined) return next(specifier, context);
  return { url: new URL(`${path}.js`, import.meta.url).href, shortCircuit: true };
}
