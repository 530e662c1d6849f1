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

  it("end in the same way when they fail all at once", async () => {
    const throttle = createLoginThrottle();
    await Promise.all(Array.from({ length: 200 }, () => throttle.failed(alice("10.0.0.1"))));
    await expect(throttle.allow(alice("10.0.0.1"))).rejects.toMatchObject(refused);
  });
});
