import { afterAll, beforeAll, jest } from "@jest/globals";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { resumeRules } from "./resume.contract.ts";
import { severalSocketsRules } from "./several-sockets.contract.ts";
import { snapshotRules } from "./snapshot-then-stream.contract.ts";
import { stormRules } from "./storm.contract.ts";

jest.setTimeout(240_000);

// One PostgreSQL for all of them: each spec file of this suite starts its own.
beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
resumeRules("kafka");
severalSocketsRules("kafka");
stormRules("kafka", 100);
snapshotRules({ rounds: 30, logApart: "kafka" });
