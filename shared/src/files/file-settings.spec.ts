import { describe, expect, it } from "@jest/globals";
import Type from "typebox";
import { readConfig } from "../config.ts";
import { reasonsOf } from "../testing/reasons-of.ts";
import { checkFilesHavePlace, checkFilesPlace, fileSettings } from "./file-settings.ts";

const schema = Type.Object(fileSettings);

const faultsOf = (environment: Record<string, string>, check = checkFilesHavePlace): readonly string[] =>
  reasonsOf(() => readConfig(schema, environment, check));

describe("where files are kept", () => {
  it("is a folder or a bucket, which wins, and need be said only where there is no place by default", () => {
    expect(faultsOf({ FILES_DIR: "files" })).toEqual([]);
    expect(faultsOf({ S3_BUCKET: "files" })).toEqual([]);
    expect(faultsOf({ FILES_DIR: "files", S3_BUCKET: "files" })).toEqual([]);
    expect(faultsOf({ FILES_DIR: "" })).toEqual(["FILES_DIR is not set; expected a folder, or S3_BUCKET a bucket"]);
    expect(faultsOf({}, checkFilesPlace)).toEqual([]);
  });

  it("takes both keys or none, and nothing of a bucket without its name", () => {
    expect(faultsOf({ S3_BUCKET: "files", S3_ACCESS_KEY_ID: "a" })).toEqual([
      "S3_SECRET_ACCESS_KEY is not set; expected it beside S3_ACCESS_KEY_ID",
    ]);
    expect(faultsOf({ S3_BUCKET: "files", S3_ACCESS_KEY_ID: "a", S3_SECRET_ACCESS_KEY: "b" })).toEqual([]);
    expect(faultsOf({ FILES_DIR: "files", S3_ENDPOINT: "http://minio:9000" })).toEqual([
      "S3_BUCKET is not set; expected it beside S3_ENDPOINT",
    ]);
  });

  it("has all its faults told at once, and never a key", () => {
    const faults = faultsOf({
      S3_BUCKET: "no bucket",
      S3_ENDPOINT: "minio",
      S3_REGION: "?",
      S3_SECRET_ACCESS_KEY: "hush",
    });
    expect(faults.map((fault) => fault.split(" ")[0])).toEqual([
      "S3_BUCKET",
      "S3_ENDPOINT",
      "S3_REGION",
      "S3_ACCESS_KEY_ID",
    ]);
    expect(faults.join()).not.toMatch(/hush/);
  });

  it("may have its keys in files", () => {
    const named = {
      S3_BUCKET: "files",
      S3_ACCESS_KEY_ID_FILE: "/nowhere/id",
      S3_SECRET_ACCESS_KEY_FILE: "/nowhere/key",
    };
    expect(faultsOf(named)).toEqual([
      expect.stringMatching(/^S3_ACCESS_KEY_ID_FILE names .+ cannot be read/),
      expect.stringMatching(/^S3_SECRET_ACCESS_KEY_FILE names .+ cannot be read/),
    ]);
  });
});
