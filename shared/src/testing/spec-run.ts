import { type SpecServer, startSpecServer } from "./spec-server.ts";

/** Jest's global set-up and tear-down are loaded apart; the process is what they share. */
const running = process as NodeJS.Process & { specServer?: SpecServer };

/**
 * One server for a whole run of specs. Its URL reaches the workers as `SPEC_POSTGRES_URL`, since the environment is all
 * that jest hands on to them; where that is set already, the server it names is used and none is started.
 */
export async function beforeAllSpecs(): Promise<void> {
  if (process.env["SPEC_POSTGRES_URL"] !== undefined) return;
  running.specServer = await startSpecServer();
  process.env["SPEC_POSTGRES_URL"] = running.specServer.url;
}

export async function afterAllSpecs(): Promise<void> {
  await running.specServer?.stop();
}
