import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { freePort } from "@chat/shared/testing/free-port";
import { repository } from "./readme.ts";

const run = promisify(execFile);
/** Of what all containers may log in a story. */
const maxOutputBytes = 64 * 1024 * 1024;

/** What runs from docker-compose.yml: a project of its own, beside any other on this machine. */
export interface ComposeProject {
  readonly port: number;
  readonly httpPort: number;
  /** Runs shell commands as they stand, for this project. Rejects with what they printed when they fail. */
  sh(commands: string): Promise<string>;
  /** Containers, networks and volumes that there still are. */
  remains(): Promise<string>;
}

export async function createComposeProject(): Promise<ComposeProject> {
  const [port, httpPort] = await Promise.all([freePort(), freePort()]);
  const project = `chat-spec-${randomUUID().slice(0, 8)}`;
  // The image has a name of its own as well: what a person has built under the usual one stays.
  const settings = `
    export COMPOSE_PROJECT_NAME=${project} CHAT_PORT=${port} HTTP_PORT=${httpPort} CHAT_IMAGE=chat-services:spec
  `;

  async function sh(commands: string): Promise<string> {
    try {
      const options = { cwd: repository, maxBuffer: maxOutputBytes };
      const { stdout } = await run("bash", ["-euo", "pipefail", "-c", settings + commands], options);
      return stdout;
    } catch (error) {
      const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
      throw new Error(`${commands.trim()} failed:\n${said.slice(-4_000)}`, { cause: error });
    }
  }

  return {
    port,
    httpPort,
    sh,
    remains: () => {
      const filter = `--filter label=com.docker.compose.project=${project} --quiet`;
      return sh(`docker ps --all ${filter}; docker network ls ${filter}; docker volume ls ${filter}`);
    },
  };
}
