import { describe, expect, it } from "@jest/globals";
import { networkOf } from "./client-address.ts";
import { createRateLimits } from "./rate-limits.ts";

const nobody = (): void => undefined;

describe("the limits of calls", () => {
  it("let each caller call so often a minute, and say what is left", async () => {
    const limits = createRateLimits({ read: 0, command: 2, account: 0 });
    const told: string[] = [];
    const tell = (headers: Readonly<Record<string, string>>): void => void told.push(Object.values(headers).join(" "));

    await limits.take("command", "alice", tell);
    await limits.take("command", "alice", tell);
    await expect(limits.take("command", "alice", tell)).rejects.toMatchObject({ code: "too_many_requests" });
    await limits.take("command", "bob", nobody);

    const policy = '"command";q=2;w=60 "command"';
    expect(told.map((line) => line.replace(/;t=\d+$/, ""))).toEqual([
      `${policy};r=1`,
      `${policy};r=0`,
      `${policy};r=0`,
    ]);
  });

  it("count each kind apart, and 0 not at all", async () => {
    const limits = createRateLimits({ read: 0, command: 1, account: 1 });
    await limits.take("command", "alice", nobody);
    await limits.take("account", "alice", nobody);
    for (let call = 0; call < 100; call += 1) await limits.take("read", "alice", nobody);
    await expect(limits.take("account", "alice", nobody)).rejects.toMatchObject({ code: "too_many_requests" });
  });

  it("say how long to wait", async () => {
    const limits = createRateLimits({ read: 1, command: 0, account: 0 });
    await limits.take("read", "alice", nobody);
    const refusal: unknown = await limits.take("read", "alice", nobody).catch((error: unknown) => error);
    const { retryAfterSeconds } = refusal as { readonly retryAfterSeconds: number };
    expect(retryAfterSeconds).toBeGreaterThan(0);
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
  });
});

describe("an address, as far as limits go", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["::1", "::/64"],
    ["no address", "unknown"],
  ])("%s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
