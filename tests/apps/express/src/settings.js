// What the environment says.

export const SECRET_KEY = required("SECRET_KEY");
export const GREETING = process.env.GREETING || "Hello";

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`the variable ${name} is not set`);
  return value;
}
