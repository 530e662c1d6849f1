import { mkdtemp, open, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { boundFile } from "./bounded-file.ts";

describe("a file that another program appends to", () => {
  it("is begun anew when it is too large, with its former part beside it, and never more than one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chat-log-"));
    const path = join(folder, "postgres.log");
    const writer = await open(path, "a");
    try {
      await writer.write("first\n");
      await boundFile(path, 10);
      expect(await readdir(folder)).toEqual(["postgres.log"]);
      await writer.write("second\n");
      await boundFile(path, 10);
      expect(await readFile(`${path}.1`, "utf8")).toBe("first\nsecond\n");
      // The writer has it open all the time, and goes on at the beginning.
      await writer.write("third, and more than ten\n");
      expect(await readFile(path, "utf8")).toBe("third, and more than ten\n");
      await boundFile(path, 10);
      await writer.write("fourth\n");
      expect(await readFile(`${path}.1`, "utf8")).toBe("third, and more than ten\n");
      expect(await readFile(path, "utf8")).toBe("fourth\n");
      expect((await readdir(folder)).sort()).toEqual(["postgres.log", "postgres.log.1"]);
    } finally {
      await writer.close();
      await rm(folder, { recursive: true });
    }
  });

  it("may be absent", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chat-log-"));
    await boundFile(join(folder, "postgres.log"));
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
