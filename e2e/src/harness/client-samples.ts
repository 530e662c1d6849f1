import { execFile } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeFolder, removeFolder } from "./embedded-chat.ts";
import { repository } from "./readme.ts";

const ENDS_WITHIN_MS = 60_000;

/** Runs the samples of the client's page as the one program that they are, against a chat elsewhere; what it printed. Rejects when it fails. */
export async function runClientSamples(url: string): Promise<string> {
  const page = await readFile(join(repository, "client/README.md"), "utf8");
  const samples = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, sample = ""]) => sample);
  const folder = makeFolder();
  try {
    const program = join(folder, "samples.ts");
    await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    await writeFile(program, samples.join("\n").replaceAll("http://localhost:8000", url));
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: ENDS_WITHIN_MS });
    return stdout;
  } finally {
    await removeFolder(folder);
  }
}
