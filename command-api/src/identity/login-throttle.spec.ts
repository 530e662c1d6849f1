import { describe, expect, it } from "@jest/globals";
import { createLoginThrottle, type LoginAttempt, type LoginThrottle } from "./login-throttle.ts";

const alice = (address: string): LoginAttempt => ({ email: "alice@example.com", address });

async function failTimes(throttle: LoginThrottle, count: number, attempt: (n: number) => LoginAttempt): Promise<void> {
  for (let n = 0; n < count; n += 1) await throttle.failed(attempt(n));
}

const refused = { code: "too_many_requests" };

describe("attempts to log in", () => {
  it("of one account from one address are ten in a quarter of an hour", async () => {
    const throttle = createLoginThrottle();
    await failTimes(throttle, 9, () => alice("10.0.0.1"));
    await throttle.allow(alice("10.0.0.1"));
    await throttle.failed(alice("10.0.0.1"));
    await expect(throttle.allow(alice("10.0.0.1"))).rejects.toMatchObject(refused);
    await throttle.allow(alice("10.0.0.2"));
    await throttle.allow({ email: "bob@example.com", address: "10.0.0.1" });
  });

  it("say when it goes on", async () => {
    const throttle = createLoginThrottle();
    await failTimes(throttle, 10, () => alice("10.0.0.1"));
    const refusal: unknown = await throttle.allow(alice("10.0.0.1")).catch((error: unknown) => error);
    const { retryAfterSeconds } = refusal as { readonly retryAfterSeconds: number };
    expect(retryAfterSeconds).toBeGreaterThan(0);
    expect(retryAfterSeconds).toBeLessThanOrEqual(900);
  });

  it("are counted anew once one succeeded", async () => {
    const throttle = createLoginThrottle();
    await failTimes(throttle, 9, () => alice("10.0.0.1"));
    await throttle.succeeded(alice("10.0.0.1"));
    await failTimes(throttle, 9, () => alice("10.0.0.1"));
    await expect(throttle.allow(alice("10.0.0.1"))).resolves.toBeUndefined();
  });

  it("of many accounts from one address are a hundred", async () => {
    const throttle = createLoginThrottle();
    await failTimes(throttle, 100, (n) => ({ email: `user${String(n)}@example.com`, address: "10.0.0.1" }));
    await expect(throttle.allow(alice("10.0.0.1"))).rejects.toMatchObject(refused);
    await throttle.allow(alice("10.0.0.2"));
  });

  it("of one account from everywhere keep out whoever is at an address that is not known, and not the owner where he has got in", async () => {
    const throttle = createLoginThrottle();
    await throttle.succeeded(alice("10.9.9.9"));
    await failTimes(throttle, 50, (n) => alice(`10.0.1.${String(n)}`));
    await expect(throttle.allow(alice("10.0.2.1"))).rejects.toMatchObject(refused);
    await throttle.allow(alice("10.9.9.9"));
    await throttle.allow({ email: "bob@example.com", address: "10.0.2.1" });
  });

  it("at an address from which it was opened before are slow after ten, and not shut: one of all that come at a moment", async () => {
    const throttle = createLoginThrottle();
    await throttle.succeeded(alice("10.9.9.9"));
    await failTimes(throttle, 10, () => alice("10.9.9.9"));
    const tried = await Promise.allSettled(Array.from({ length: 20 }, () => throttle.allow(alice("10.9.9.9"))));
    expect(tried.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await throttle.failed(alice("10.9.9.9"));
    await expect(throttle.allow(alice("10.9.9.9"))).rejects.toMatchObject(refused);
  });

  it("are counted anew at such an address too when its owner's one was right", async () => {
    const throttle = createLoginThrottle();
    await throttle.succeeded(alice("10.9.9.9"));
    await failTimes(throttle, 10, () => alice("10.9.9.9"));
    await throttle.allow(alice("10.9.9.9"));
    await throttle.succeeded(alice("10.9.9.9"));
    await failTimes(throttle, 9, () => alice("10.9.9.9"));
    await throttle.allow(alice("10.9.9.9"));
    await expect(throttle.allow(alice("10.9.9.9"))).resolves.toBeUndefined();
  });

  it.each([
    { where: "where the account was opened before", opened: true, wrong: 10, own: true, waits: "30 s" },
    { where: "where it was not", opened: false, wrong: 10, own: true, waits: "900 s" },
    {
      where: "where many accounts are tried, opened before or not",
      opened: true,
      wrong: 100,
      own: false,
      waits: "900 s",
    },
  ])("wait at most $waits $where", async ({ opened, wrong, own, waits }) => {
    const throttle = createLoginThrottle();
    if (opened) await throttle.succeeded(alice("10.0.0.1"));
    await failTimes(throttle, wrong, (n) =>
      own ? alice("10.0.0.1") : { email: `user${String(n)}@example.com`, address: "10.0.0.1" },
    );
    const again = async (): Promise<void> => {
      // The first is the one of this half minute, where there is one.
      await throttle.allow(alice("10.0.0.1"));
      await throttle.allow(alice("10.0.0.1"));
    };
    const refusal: unknown = await again().catch((error: unknown) => error);
    const { retryAfterSeconds } = refusal as { readonly retryAfterSeconds: number };
    expect([`${String(retryAfterSeconds > 30 ? 900 : 30)} s`, retryAfterSeconds <= 900]).toEqual([waits, true]);
  });

  it("end in the same way when they fail all at once", async () => {
    const throttle = createLoginThrottle();
    await Promise.all(Array.from({ length: 200 }, () => throttle.failed(alice("10.0.0.1"))));
    await expect(throttle.allow(alice("10.0.0.1"))).rejects.toMatchObject(refused);
  });
});
