// The pages, as JSX components.
import type { PropsWithChildren } from "hono/jsx";

function Layout({ children }: PropsWithChildren) {
  return (
    <html lang="en">
      <head>
        <title>Shop</title>
        <link rel="stylesheet" href="/static/style.css" />
      </head>
      <body>{children}</body>
    </html>
  );
}

export const Home = () => (
  <Layout>
    <h1>Shop</h1>
  </Layout>
);

export const Hello = ({ name }: { name: string }) => (
  <Layout>
    <p>Hello, {name}!</p>
  </Layout>
);

export const OrderForm = () => (
  <Layout>
    <form method="post">
      <input name="name" />
      <input name="color" />
      <button>Send</button>
    </form>
  </Layout>
);

export const NotFound = () => (
  <Layout>
    <h1>There is no such page</h1>
  </Layout>
);
