import { spawnSync } from "node:child_process";

/** Go says its version in milliseconds. */
const answerWithinMs = 5_000;

/** Whether the S3 gateway that specs use can be built. Go is nothing that this project needs else, so its absence is no error anywhere. */
export function goAnswers(): boolean {
  if (spawnSync("go", ["version"], { stdio: "ignore", timeout: answerWithinMs }).status === 0) return true;
  process.stderr.write(
    "\n!! SKIPPED: there is no Go to build versitygw with, so nothing was tried on a store that speaks S3 (s3-file-store.proof.spec.ts)\n\n",
  );
  return false;
}
