import { spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "@chat/shared/testing/eventually";

/** A shell in a terminal of its own: what is typed stands in its input, what it prints is kept. */
export interface Terminal {
  type(lines: string): void;
  /** All that was printed so far. */
  screen(): string;
  /** Types, and gives back what is printed until all of it has been run. */
  run(lines: string): Promise<string>;
  /** Waits for something to be printed, and gives back what the expression found. */
  seen(what: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C, and the end of the shell. */
  interrupt(): Promise<void>;
}

export function openTerminal(folder: string, ...program: readonly string[]): Terminal {
  // A process group is what a terminal sends Ctrl-C to.
  const child = spawn("bash", program, { cwd: folder, detached: true, stdio: "pipe" });
  let printed = "";
  let runs = 0;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const closed = once(child, "close");

  async function seen(what: RegExp): Promise<RegExpExecArray> {
    return eventually(
      () => {
        const found = what.exec(printed);
        if (found === null) throw new Error(`${String(what)} is not on the screen:\n${printed}`);
        return found;
      },
      { within: 60_000 },
    );
  }

  return {
    type: (lines) => void child.stdin.write(`${lines}\n`),
    screen: () => printed,
    seen,
    async run(lines) {
      runs += 1;
      const from = printed.length;
      child.stdin.write(`${lines}\necho "[end of ${runs}]"\n`);
      const { index } = await seen(new RegExp(`\\[end of ${runs}\\]`));
      return printed.slice(from, index);
    },
    async interrupt() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, "SIGINT");
        child.stdin.end();
      }
      await closed;
    },
  };
}
