import { jest } from "@jest/globals";
import { snapshotRules } from "./snapshot-then-stream.contract.ts";

// A thousand rounds take half a minute alone, and many times that beside others on a busy machine.
jest.setTimeout(600_000);

snapshotRules({ rounds: 1_000 });
snapshotRules({ rounds: 100, logApart: "memory" });
snapshotRules({ rounds: 100, logApart: "postgres" });
