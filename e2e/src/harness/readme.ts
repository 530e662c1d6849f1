import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** What README tells people to type, from the first start to the end, in its order. */
export interface ReadmeCommands {
  readonly start: string;
  readonly users: string;
  readonly listen: string;
  readonly say: string;
  readonly again: string;
  readonly attach: string;
  readonly composeUp: string;
  readonly composeDown: string;
}

/** Throws when README has more or fewer blocks of shell commands than these: each is one that a spec types. */
export async function readmeCommands(): Promise<ReadmeCommands> {
  const text = await readFile(`${repository}/README.md`, "utf8");
  const blocks = [...text.matchAll(/^```bash\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
  const [start, users, listen, say, again, attach, composeUp, composeDown, ...others] = blocks;
  if (composeDown === undefined || others.length > 0) throw new Error(`README has ${blocks.length} blocks of commands`);
  return { start, users, listen, say, again, attach, composeUp, composeDown } as ReadmeCommands;
}
