import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";

const ASSETS = join(import.meta.dirname, "../../../web/dist/assets");
/** A second on a bad line. It has less than a third of this: what goes beyond is a library that came with something small. */
const MAX_BYTES = 100_000;

describe("the built page", () => {
  it("is small: all its program and style take at most 100 kB on their way", () => {
    const files = readdirSync(ASSETS).filter((name) => /\.(js|css)$/.test(name));
    expect(files.length).toBeGreaterThanOrEqual(2);
    const sum = files.reduce((bytes, name) => bytes + gzipSync(readFileSync(join(ASSETS, name))).length, 0);
    expect(sum).toBeLessThanOrEqual(MAX_BYTES);
  });
});
