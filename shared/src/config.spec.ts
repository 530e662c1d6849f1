import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import Type from "typebox";
import { describeSettings, readConfig } from "./config.ts";
import { ALLOWED_ORIGINS, DATABASE_URL, LOG_LEVEL, SECRET_KEY, portOr } from "./settings.ts";
import { reasonsOf } from "./testing/reasons-of.ts";

const settings = Type.Object({
  PORT: portOr(3001),
  LOG_LEVEL,
  DATABASE_URL,
  SECRET_KEY: Type.Optional(SECRET_KEY),
  ALLOWED_ORIGINS: { ...ALLOWED_ORIGINS, default: ["http://localhost:3000"] },
  VERBOSE: Type.Boolean({ default: false }),
});

const url = "postgresql://chat:hush@db/chat";

const faultsOf = (environment: Record<string, string>): readonly string[] =>
  reasonsOf(() => readConfig(settings, environment));

describe("readConfig", () => {
  it("fills in defaults, and leaves out what is optional", () => {
    expect(readConfig(settings, { DATABASE_URL: url })).toEqual({
      PORT: 3001,
      LOG_LEVEL: "info",
      DATABASE_URL: url,
      ALLOWED_ORIGINS: ["http://localhost:3000"],
      VERBOSE: false,
    });
  });

  it("turns texts into numbers, flags and lists", () => {
    const environment = { DATABASE_URL: url, PORT: "80", VERBOSE: "Yes", ALLOWED_ORIGINS: "http://a, http://b," };
    const read = { PORT: 80, VERBOSE: true, ALLOWED_ORIGINS: ["http://a", "http://b"] };
    expect(readConfig(settings, environment)).toMatchObject(read);
  });

  it("reads origins as browsers write them, and any for a star", () => {
    const read = (ALLOWED_ORIGINS: string) =>
      readConfig(settings, { DATABASE_URL: url, ALLOWED_ORIGINS }).ALLOWED_ORIGINS;
    expect(read("https://Chat.Example.org/, HTTP://localhost:80,http://localhost:3000")).toEqual([
      "https://chat.example.org",
      "http://localhost",
      "http://localhost:3000",
    ]);
    expect(read("*")).toEqual(["*"]);
  });

  it("names each origin that is none, together with all other faults", () => {
    const expected = "expected origins like https://chat.example.org, without a path, separated by commas, or *";
    const ALLOWED_ORIGINS =
      "chat.example.org,https://chat.example.org,https://*.example.org,https://a.example.org/page";
    expect(faultsOf({ DATABASE_URL: url, PORT: "eighty", ALLOWED_ORIGINS })).toEqual([
      'PORT is "eighty"; expected a whole number from 0 to 65535',
      `ALLOWED_ORIGINS holds "chat.example.org"; ${expected}`,
      `ALLOWED_ORIGINS holds "https://*.example.org"; ${expected}`,
      `ALLOWED_ORIGINS holds "https://a.example.org/page"; ${expected}`,
    ]);
  });

  it("takes an empty variable for one that is not set", () => {
    expect(readConfig(settings, { DATABASE_URL: url, PORT: "", SECRET_KEY: "" })).toMatchObject({ PORT: 3001 });
  });

  it.each(["postgresql+asyncpg", "postgres+psycopg"])("takes %s:// for PostgreSQL", (scheme) => {
    const read = readConfig(settings, { DATABASE_URL: `${scheme}://u:p@h:5432/d` });
    expect(read.DATABASE_URL).toMatch(/^postgres(ql)?:\/\/u:p@h:5432\/d$/);
  });

  it("names every fault at once, with what is expected", () => {
    expect(faultsOf({ PORT: "eighty", LOG_LEVEL: "loud", VERBOSE: "maybe" })).toEqual([
      'PORT is "eighty"; expected a whole number from 0 to 65535',
      expect.stringMatching(/^LOG_LEVEL is "loud"; expected trace or debug or/),
      "DATABASE_URL is not set; expected a URL like postgresql://user:password@host:5432/database",
      'VERBOSE is "maybe"; expected true or false',
    ]);
  });

  it.each(["65536", "-1", "3.5", "0x", "1e9"])("refuses %s as a port", (PORT) => {
    expect(faultsOf({ DATABASE_URL: url, PORT })).toHaveLength(1);
  });

  it("never quotes a secret", () => {
    const faults = faultsOf({ DATABASE_URL: "mysql://root:hush@db", SECRET_KEY: "hush" });
    expect(faults).toEqual([
      expect.stringMatching(/^DATABASE_URL is not as it should be/),
      "SECRET_KEY is not as it should be (4 characters); expected at least 32 characters",
    ]);
    expect(faults.join()).not.toContain("hush");
  });

  it("reads a secret from the file that <NAME>_FILE names, without its line end", () => {
    const folder = mkdtempSync(join(tmpdir(), "chat-config-"));
    const file = join(folder, "key");
    writeFileSync(file, `${"k".repeat(32)}\n`);
    expect(readConfig(settings, { DATABASE_URL: url, SECRET_KEY_FILE: file }).SECRET_KEY).toBe("k".repeat(32));
    expect(faultsOf({ DATABASE_URL: url, SECRET_KEY_FILE: file, SECRET_KEY: "k".repeat(32) })).toEqual([
      "SECRET_KEY and SECRET_KEY_FILE are both set; expected one of them",
    ]);
    rmSync(folder, { recursive: true });
    expect(faultsOf({ DATABASE_URL: url, SECRET_KEY_FILE: file })).toEqual([expect.stringContaining("(ENOENT)")]);
  });

  it("has no file for what is no secret", () => {
    expect(readConfig(settings, { DATABASE_URL: url, PORT_FILE: "/nowhere" }).PORT).toBe(3001);
  });
});

describe("describeSettings", () => {
  it("says of each variable what it means and what it is when not set", () => {
    const text = describeSettings(settings);
    expect(text).toContain("PORT\n      The TCP port to listen on (default 3001)");
    expect(text).toContain("DATABASE_URL\n      The PostgreSQL to use (required; also DATABASE_URL_FILE)");
  });
});
