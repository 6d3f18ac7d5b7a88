// The pages, as text.

export const home = () =>
  page(
    "Home",
    `<p>This page was made by a WebAssembly component.</p>
<p>See also <a href="/headers">what it saw of your request</a>.</p>`,
  );

export const products = () => page("Products", list("Kettle", "Teapot", "Cup"));

export const articles = () =>
  page("Articles", list("How to boil water", "How long tea should steep", "Milk first?"));

const page = (title: string, content: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body>
<nav><a href="/">Home</a> <a href="/products">Products</a> <a href="/articles">Articles</a></nav>
<h1>${title}</h1>
${content}
</body>
</html>
`;

const list = (...items: string[]) => `<ul>
${items.map((item) => `<li>${item}</li>\n`).join("")}</ul>`;
