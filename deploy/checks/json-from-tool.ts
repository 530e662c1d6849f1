import { execFile } from "node:child_process";

const maxReportBytes = 64 * 1024 * 1024;

/**
 * Runs a script with this Node in `folder` and parses what it prints. The exit code of a tool that finds something is
 * not 0; here findings are the result, and a failure is only what is no JSON.
 */
export function jsonFromTool(script: string, toolArguments: readonly string[], folder: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, maxBuffer: maxReportBytes };
    execFile(process.execPath, [script, ...toolArguments], options, (_error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        reject(new Error(`${script} printed no JSON: ${stdout.slice(0, 2_000)} ${stderr.slice(0, 2_000)}`));
      }
    });
  });
}
