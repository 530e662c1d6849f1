import { afterAll, beforeAll, jest } from "@jest/globals";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { resumeRules } from "./resume.contract.ts";
import { severalSocketsRules } from "./several-sockets.contract.ts";

jest.setTimeout(120_000);

beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
resumeRules("kafka");
severalSocketsRules("kafka");
