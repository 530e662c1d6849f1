import { chmod, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { CannotStart } from "@chat/shared/cannot-start";
import { findServerPrograms, findServerUser, initializeCluster } from "@chat/shared/postgres/server-program";
import { createLogger } from "@chat/shared/telemetry/logger";
import { prepareCluster } from "./cluster.ts";
import { openDataFolder } from "./data-folder.ts";

let above: string;

beforeEach(async () => {
  above = await realpath(await mkdtemp(join(tmpdir(), "chat-cluster-")));
  // The user whom PostgreSQL runs as must be able to pass.
  await chmod(above, 0o755);
});

afterEach(() => rm(above, { recursive: true, force: true }));

/** A disk that is full when initdb has begun is not to be had everywhere: this program ends as initdb does then. */
async function failingInitdb(script: string): Promise<string> {
  const file = join(above, "initdb");
  await writeFile(
    file,
    `#!/bin/sh\nfor word; do case $word in --pgdata=*) folder=\${word#--pgdata=};; esac; done\n${script}`,
  );
  await chmod(file, 0o755);
  return file;
}

describe("a cluster that cannot be made", () => {
  it.each([
    [
      "by a full disk",
      "echo half > $folder/PG_VERSION\necho 'initdb: error: could not write file: No space left on device' >&2; exit 1",
      "the disk is full",
    ],
    ["by a server that ends", "echo half > $folder/PG_VERSION\necho 'FATAL:  it is dark' >&2; exit 1", "it is dark"],
    ["by a kill", "kill -9 $$", "initdb was ended by SIGKILL"],
    ["without a word", "exit 7", "initdb ended with 7"],
  ])("is told in a line, and nothing of it is left: %s", async (_by, script, reason) => {
    const data = await openDataFolder(join(above, "data"));
    const programs = { ...(await findServerPrograms()), initdb: await failingInitdb(script) };
    const making = prepareCluster(programs, data, createLogger({ service: "spec", level: "silent" }));
    const refusal = await making.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CannotStart);
    expect(refusal).toMatchObject({ reasons: [`PostgreSQL cannot be set up in ${data.path}: ${reason}`] });
    expect((await readdir(data.path)).sort()).toEqual(["in-use.1", "secret"]);
  });

  it("is told in initdb's own words", async () => {
    await writeFile(join(above, "anything"), "");
    const [programs, user] = [await findServerPrograms(), await findServerUser()];
    const making = initializeCluster({ programs, folder: above, superuser: "chat", user, durable: false });
    await expect(making).rejects.toMatchObject({
      reasons: [`PostgreSQL cannot be set up in ${dirname(above)}: directory "${above}" exists but is not empty`],
    });
  });
});
