// Who is asking: a token that jose signs, and Hono's middleware verifies.
import { Hono } from "hono";
import { jwt } from "hono/jwt";
import type { JwtVariables } from "hono/jwt";
import { SignJWT } from "jose";

import { SECRET_KEY } from "./settings";

export const account = new Hono<{ Variables: JwtVariables<{ sub: string }> }>();

account.post("/token", async (c) => {
  const { user } = await c.req.json<{ user: string }>();
  const token = new SignJWT().setProtectedHeader({ alg: "HS256" }).setSubject(user).setIssuedAt().setExpirationTime("1h");
  return c.json({ token: await token.sign(new TextEncoder().encode(SECRET_KEY)) });
});

account.get("/me", jwt({ secret: SECRET_KEY, alg: "HS256" }), (c) => c.json({ user: c.get("jwtPayload").sub }));
