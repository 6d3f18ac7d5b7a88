// The routes: start here.
import path from "node:path";

import express from "express";

const root = path.join(import.meta.dirname, "..");

const products = {
  kettle: { name: "Kettle", price: 39.0 },
  teapot: { name: "Teapot", price: 24.5 },
  cup: { name: "Cup", price: 4.5 },
};

export const app = express();

app.set("views", path.join(root, "views"));
app.set("view engine", "ejs");
app.use("/static", express.static(path.join(root, "public")));
app.use(express.json());

app.get("/", (req, res) => res.render("home"));
app.get("/products", (req, res) => res.render("products", { products: Object.values(products) }));

app.get("/api/products/:key", (req, res, next) => {
  if (!Object.hasOwn(products, req.params.key)) return next();
  res.json(products[req.params.key]);
});

// The price of an order such as {"cup": 2, "teapot": 1}.
app.post("/api/total", (req, res) => {
  const order = Object.entries(req.body ?? {});
  if (!order.every(([key, count]) => Object.hasOwn(products, key) && Number.isInteger(count))) {
    return res.sendStatus(422);
  }
  res.json({ total: order.reduce((sum, [key, count]) => sum + products[key].price * count, 0) });
});

app.use((req, res) => res.status(404).render("404"));
app.use((error, req, res, next) => {
  if (res.headersSent) return next(error);
  const status = error.status ?? 500;
  if (status >= 500) console.error(error);
  res.sendStatus(status);
});
