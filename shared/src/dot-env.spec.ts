import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { withDotEnv } from "./dot-env.ts";

describe("withDotEnv", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "chat-env-"));
    writeFileSync(join(folder, ".env"), 'PORT=80\nSECRET_KEY="with # and = in it"\n# a comment\nEMPTY=\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("adds what the file says to what is not set", () => {
    expect(withDotEnv({ PORT: "8000" }, [folder])).toEqual({
      PORT: "8000",
      SECRET_KEY: "with # and = in it",
      EMPTY: "",
    });
  });

  it("reads the first folder that has one", () => {
    expect(withDotEnv({}, [join(folder, "absent"), folder])).toMatchObject({ PORT: "80" });
  });

  it("changes nothing when there is none", () => {
    expect(withDotEnv({ PORT: "1" }, [join(folder, "absent")])).toEqual({ PORT: "1" });
  });
});
