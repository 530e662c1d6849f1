import { describe, expect, it } from "@jest/globals";
import argon2 from "argon2";
import { createPasswords } from "./passwords.ts";

const passwords = createPasswords();

describe("passwords", () => {
  it("are kept as argon2id with 19 MiB, two passes and a salt of their own", async () => {
    const [one, other] = await Promise.all([passwords.hash("correct horse"), passwords.hash("correct horse")]);

    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    expect(other).not.toBe(one);
  });

  it("are right or wrong", async () => {
    const hash = await passwords.hash("пароль 🙂");

    expect(await passwords.verify("пароль 🙂", hash)).toBe(true);
    expect(await passwords.verify("пароль", hash)).toBe(false);
  });

  it("are wrong for nobody, after the same work as for somebody", async () => {
    const checked: string[] = [];
    const counted = createPasswords({
      verifyHash(hash, password) {
        checked.push(hash);
        return argon2.verify(hash, password);
      },
    });
    const somebody = await counted.hash("x");

    expect(await counted.verify("y", somebody)).toBe(false);
    expect(await counted.verify("y", null)).toBe(false);
    // One check each, of hashes that cost the same: algorithm, memory, passes, lanes, and the sizes of salt and hash.
    expect(checked.map(costOf)).toEqual([costOf(somebody), costOf(somebody)]);
  });

  it("are wrong for nobody even if somebody's check would let them in", async () => {
    expect(await createPasswords({ verifyHash: () => Promise.resolve(true) }).verify("y", null)).toBe(false);
  });

  it("wait in a queue with an end", async () => {
    const few = createPasswords({ atOnce: 1, maxWaiting: 1 });
    const results = await Promise.allSettled([few.hash("1"), few.hash("2"), few.hash("3")]);

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  });
});

function costOf(hash: string): readonly unknown[] {
  const [, algorithm, version, cost, salt, tag] = hash.split("$");
  return [algorithm, version, cost?.split(",").sort(), salt?.length, tag?.length];
}
