import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import type { TObject } from "typebox";
import { commandApiSettings } from "@chat/command-api/config";
import { operatorSettings, projectorSettings } from "@chat/projector/config";
import { queryApiSettings } from "@chat/query-api/config";
import { realtimeSettings } from "@chat/realtime/config";
import { readConfig } from "@chat/shared/config";
import { bigDemoSettings, demoSettings } from "../demo/config.ts";
import { embeddedSettings } from "../embedded/config.ts";
import { logCopySettings } from "../log-copy/config.ts";
import { migrateSettings } from "../migrate/config.ts";
import { postgresSettings } from "../postgres/config.ts";

const example = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
const given = new Map(
  [...example.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
);

const programs: Readonly<Record<string, TObject>> = {
  embedded: embeddedSettings,
  "command-api": commandApiSettings,
  projector: projectorSettings,
  "projector, an operator's orders": operatorSettings,
  "query-api": queryApiSettings,
  realtime: realtimeSettings,
  migrate: migrateSettings,
  "log copy": logCopySettings,
  "the embedded database alone": postgresSettings,
  demo: demoSettings,
  "demo --big": bigDemoSettings,
};

/** What a program alone cannot do without. */
const needed = { DATABASE_URL: "postgresql://user@host/chat", KAFKA_BROKERS: "host:9092", SECRET_KEY: "k".repeat(32) };

describe(".env.example", () => {
  it("has every setting of every program once, and no other", () => {
    const known = new Set(Object.values(programs).flatMap(({ properties }) => Object.keys(properties)));
    expect([...given.keys()].sort()).toEqual([...known].sort());
    expect(example.match(/^[A-Z][A-Z0-9_]*=/gm)).toHaveLength(given.size);
  });

  it.each(Object.entries(programs))("changes nothing when it is copied: %s", (_name, settings) => {
    const copied = Object.fromEntries([...given, ...Object.entries(needed)]);
    expect(readConfig(settings, copied)).toEqual(readConfig(settings, needed));
  });
});
