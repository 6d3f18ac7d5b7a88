// What the environment says.

const { SECRET_KEY, GREETING = "Hello" } = process.env;

if (!SECRET_KEY) throw new Error("the variable SECRET_KEY is not set");

export { GREETING, SECRET_KEY };
