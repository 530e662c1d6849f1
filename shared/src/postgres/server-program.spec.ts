import { describe, expect, it } from "@jest/globals";
import { complaintIn } from "./server-program.ts";

const time = "2026-01-02 03:04:05.678 UTC [42]";
const removing = 'initdb: removing contents of data directory "/data/postgres"';

describe("of what initdb says when it cannot make a cluster, one line is told", () => {
  it.each([
    [
      "a full disk, whatever it was needed for",
      `${time} FATAL:  could not extend file "base/1/2691": No space left on device\n${time} HINT:  Check free disk space.\n` +
        `${time} PANIC:  cannot abort transaction 1, it was already committed\nAborted\nchild process exited with exit code 134\n${removing}\n`,
      "the disk is full",
    ],
    [
      "a full disk before any server ran",
      `initdb: error: could not write file "/data/postgres/pg_hba.conf": No space left on device\n${removing}\n`,
      "the disk is full",
    ],
    [
      "an error of its own, without the hint behind it",
      'initdb: error: directory "/data" exists but is not empty\ninitdb: hint: If you want to create a new database system, empty it.\n',
      'directory "/data" exists but is not empty',
    ],
    [
      "the last error of the server that it ran, not how that ended",
      `${time} FATAL:  could not create shared memory segment: Cannot allocate memory\n${time} DETAIL:  Failed system call was shmget.\n` +
        `child process exited with exit code 1\n${removing}\n`,
      "could not create shared memory segment: Cannot allocate memory",
    ],
    ["words of another form", "initdb: libicu.so.60: cannot open it\n\n", "initdb: libicu.so.60: cannot open it"],
    ["nothing", "\n", undefined],
  ])("%s", (_what, said, line) => {
    expect(complaintIn(said)).toBe(line);
  });
});
