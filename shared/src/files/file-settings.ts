import Type, { type Static, type TObject } from "typebox";
import type { SettingsCheck } from "../config.ts";

/** Where uploaded files are: the same for command-api, which writes them, and query-api, which reads them. */
export const fileSettings = {
  FILES_DIR: Type.Optional(
    Type.String({ minLength: 1, description: "The folder of uploaded files; S3_BUCKET wins over it" }),
  ),
  S3_BUCKET: Type.Optional(
    Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$",
      description: "The bucket of uploaded files, which exists and is not public",
      expected: "the name of a bucket: 3 to 63 letters, digits, dots, dashes and underscores",
    }),
  ),
  S3_ENDPOINT: Type.Optional(
    Type.String({
      pattern: "^https?://[^\\s/]+/?$",
      description: "Of a store that speaks S3; Amazon's own when not set",
      expected: "a URL like http://minio:9000",
    }),
  ),
  S3_REGION: Type.String({
    pattern: "^[a-z0-9-]{1,64}$",
    default: "us-east-1",
    description: "The bucket's region; most stores but Amazon's take any",
    expected: "a region like eu-central-1",
  }),
  S3_ACCESS_KEY_ID: Type.Optional(
    Type.String({
      secret: true,
      description: "Who one is to the store; when not set, what Amazon's programs find on the machine",
    }),
  ),
  S3_SECRET_ACCESS_KEY: Type.Optional(Type.String({ secret: true, description: "Of S3_ACCESS_KEY_ID" })),
  S3_FORCE_PATH_STYLE: Type.Boolean({
    default: false,
    description: "The bucket stands in the path, not in the host's name, as stores other than Amazon's mostly want it",
  }),
};
export type FileSettings = Static<TObject<typeof fileSettings>>;

/** For who keeps files nowhere by default. */
export const checkFilesHavePlace: SettingsCheck = (isSet) => [
  ...(isSet("FILES_DIR") || isSet("S3_BUCKET")
    ? []
    : ["FILES_DIR is not set; expected a folder, or S3_BUCKET a bucket"]),
  ...checkFilesPlace(isSet),
];

/** What is wrong with these settings together. */
export const checkFilesPlace: SettingsCheck = (isSet) => {
  const faults: string[] = [];
  for (const [one, other] of [keyNames, keyNames.toReversed()] as const) {
    if (isSet(one) && !isSet(other)) faults.push(`${other} is not set; expected it beside ${one}`);
  }
  for (const name of ["S3_ENDPOINT", ...keyNames]) {
    if (isSet(name) && !isSet("S3_BUCKET")) faults.push(`S3_BUCKET is not set; expected it beside ${name}`);
  }
  return faults;
};

const keyNames = ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] as const;
