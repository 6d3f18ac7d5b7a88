// The pages: HTML, forms, cookies and sessions.
import cookieParser from "cookie-parser";
import { Router } from "express";

export const pages = Router();

pages.get("/", (req, res) => res.render("home"));
pages.get("/hello/:name", (req, res) => res.type("text").send(`Hello, ${req.params.name}!`));
pages.get("/template", (req, res) => res.render("hello", { name: req.query.name ?? "you" }));
pages.get("/redirect", (req, res) => res.redirect("/hello/redirected"));

pages.get("/form", (req, res) => res.render("form"));
pages.post("/form", (req, res) => {
  const { name, color } = req.body;
  res.json({ name, color });
});

pages.get("/cookie", cookieParser(), (req, res) => {
  res.cookie("seen", "yes", { httpOnly: true });
  res.cookie("theme", "dark");
  res.json({ cookies: req.cookies });
});

pages.get("/session", (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1;
  res.json({ count: req.session.count });
});

pages.post("/flash", (req, res) => {
  req.session.message = "Your order is on its way";
  res.redirect(303, "/messages");
});
pages.get("/messages", (req, res) => {
  const { message = "No messages" } = req.session;
  delete req.session.message;
  res.render("messages", { message });
});
