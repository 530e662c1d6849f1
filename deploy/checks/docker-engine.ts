import { spawnSync } from "node:child_process";

/** An engine that is there answers in milliseconds; one that hangs is none. */
const answerWithinMs = 5_000;

/**
 * Whether specs that need containers can run. Where no Docker engine answers they are skipped, and one line says so; in
 * continuous integration (`CI=true`) that is an error, or nobody would notice that they have not run for a month.
 */
export function dockerEngineAnswers(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { status } = spawnSync("docker", ["version", "--format", "{{.Server.Version}}"], {
    stdio: "ignore",
    timeout: answerWithinMs,
  });
  if (status === 0) return true;
  if (environment["CI"] === "true")
    throw new Error("CI is true and no Docker engine answers: container specs cannot run");
  process.stderr.write(
    "\n!! SKIPPED: no Docker engine answers, so nothing was tried on a real Kafka (*.containers.spec.ts)\n\n",
  );
  return false;
}
