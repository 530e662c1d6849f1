import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll } from "@jest/globals";
import { freePort } from "../testing/free-port.ts";
import { BUILT_WITHIN_MS, type Gateway, startVersityGateway } from "../testing/versity-gateway.ts";
import { describeFileStore } from "./file-store.contract.ts";
import { LEFTOVER_AFTER_MS } from "./file-store.ts";
import { createS3FileStore } from "./s3-file-store.ts";

let gateway: Gateway;
let client: S3Client;
const region = "us-east-1";

beforeAll(async () => {
  gateway = await startVersityGateway();
  const { endpoint, credentials } = gateway;
  client = new S3Client({ endpoint, credentials, region, forcePathStyle: true });
}, BUILT_WITHIN_MS);
afterAll(async () => {
  client.destroy();
  await gateway.stop();
});

describeFileStore("a bucket", async (use) => {
  const bucket = `spec-${randomUUID()}`;
  const options = {
    bucket,
    endpoint: gateway.endpoint,
    credentials: gateway.credentials,
    region,
    forcePathStyle: true,
  };
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const store = createS3FileStore(options);
  await store.prepare();
  await use({
    store,
    muchLater: createS3FileStore({ ...options, now: () => Date.now() + 2 * LEFTOVER_AFTER_MS }),
    away: createS3FileStore({ ...options, endpoint: `http://127.0.0.1:${await freePort()}` }),
    async leaveUpload(key) {
      const object = { Bucket: bucket, Key: `files/${key}` };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
      await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: "half of" }));
    },
    async unfinished() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.length;
    },
  });
});
