import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Pinned, and built by `go install`; .ci/run reads it here. */
const VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/versitygw", import.meta.url));

/** Some 200 s of CPU the first time. */
export const BUILT_WITHIN_MS = 600_000;

export interface Gateway {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** A store that speaks S3, over a temporary folder. `stop` takes both away. */
export async function startVersityGateway(): Promise<Gateway> {
  const program = await builtGateway();
  const folder = await mkdtemp(join(tmpdir(), "chat-s3-"));
  const [data, sidecar] = [join(folder, "data"), join(folder, "sidecar")];
  await Promise.all([mkdir(data), mkdir(sidecar)]);
  const credentials = { accessKeyId: "spec", secretAccessKey: "not much of a secret" };
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ["--quiet", "--health", "/health", "--port", address];
  // What is known of an object stands beside it, since not every temporary folder has extended attributes.
  const child = spawn(program, [...flags, "posix", "--sidecar", sidecar, data], {
    env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "close");

  async function stop(): Promise<void> {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }

  const ready = async (): Promise<void> => {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
    if (!(await fetch(`http://${address}/health`)).ok) throw new Error("not ready");
  };
  await eventually(ready, { within: 30_000 }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { endpoint: `http://${address}`, credentials, stop };
}

async function builtGateway(): Promise<string> {
  const folder = join(CACHE, VERSITYGW.slice(VERSITYGW.indexOf("@") + 1));
  const program = join(folder, "versitygw");
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const environment = { ...process.env, GOBIN: folder };
    await promisify(execFile)("go", ["install", VERSITYGW], { env: environment, timeout: BUILT_WITHIN_MS });
  }
  return program;
}
