// Values that a client keeps and cannot change.
import { hex } from "./http.js";
import { SECRET_KEY } from "./settings.js";

const algorithm = { name: "HMAC", hash: "SHA-256" };

async function signature(value) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(SECRET_KEY), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(value)));
}

export const sign = async (value) => `${value}.${await signature(value)}`;

/** The value, if it was signed here. */
export async function verify(signed) {
  const value = signed.slice(0, signed.lastIndexOf("."));
  return value && signed === (await sign(value)) ? value : null;
}
