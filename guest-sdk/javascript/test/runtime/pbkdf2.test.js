import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";

import { sha256, sha512 } from "@noble/hashes/sha2.js";

import { pbkdf2 } from "../../src/web/crypto/pbkdf2.js";

test("PBKDF2 is that of Node.js, for all lengths of passwords and results", () => {
  const encoder = new TextEncoder();
  for (const password of ["", "a secret", "x".repeat(64), "é".repeat(80)]) {
    for (const iterations of [1, 2, 7, 4096]) {
      for (const length of [1, 20, 32, 33, 100]) {
        for (const [name, kind] of Object.entries({ sha256, sha512 })) {
          const found = pbkdf2(kind, encoder.encode(password), encoder.encode("salt"), iterations, length);
          const expected = pbkdf2Sync(password, "salt", iterations, length, name);
          assert.deepEqual(Buffer.from(found), expected, `${name}, ${iterations} × ${length}`);
        }
      }
    }
  }
});
