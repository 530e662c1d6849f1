import { describe, expect, it } from "@jest/globals";
import { createAllowedOrigins, originOf } from "./allowed-origins.ts";

describe("an origin", () => {
  it.each([
    ["https://Chat.Example.org/", "https://chat.example.org"],
    ["HTTPS://CHAT.EXAMPLE.ORG", "https://chat.example.org"],
    ["https://chat.example.org:443", "https://chat.example.org"],
    ["http://localhost:80/", "http://localhost"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["http://[0:0:0:0:0:0:0:1]:8000", "http://[::1]:8000"],
    ["https://чат.рф", "https://xn--80a0bn.xn--p1ai"],
  ])("%s is %s", (text, origin) => {
    expect(originOf(text)).toBe(origin);
  });

  it.each([
    "chat.example.org",
    "localhost:3000",
    "//chat.example.org",
    "https://",
    "https://chat.example.org/app",
    "https://chat.example.org?",
    "https://me:secret@chat.example.org",
    "https://*.example.org",
    "https://chat.example.org:99999",
    "ftp://chat.example.org",
    "null",
    "*",
    "",
  ])("is not %j", (text) => {
    expect(originOf(text)).toBeNull();
  });
});

describe("allowed origins", () => {
  it("are found however they are written", () => {
    const allowed = createAllowedOrigins(["https://Chat.Example.org:443/"]);
    for (const origin of ["https://chat.example.org", "https://CHAT.example.org/", "https://chat.example.org:443"])
      expect(allowed.has(origin)).toBe(true);
    for (const origin of [
      "http://chat.example.org",
      "https://chat.example.org:8443",
      "https://evil.example.org",
      "null",
    ])
      expect(allowed.has(origin)).toBe(false);
  });

  it("are all for a star", () => {
    const allowed = createAllowedOrigins(["*"]);
    expect([allowed.any, allowed.has("https://chat.example.org"), allowed.has("null")]).toEqual([true, true, true]);
  });
});
