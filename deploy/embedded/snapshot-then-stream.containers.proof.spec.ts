import { afterAll, beforeAll, jest } from "@jest/globals";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { snapshotRules } from "./snapshot-then-stream.contract.ts";

jest.setTimeout(240_000);

beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
snapshotRules({ rounds: 30, logApart: "kafka" });
