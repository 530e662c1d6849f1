import { afterAll, beforeAll, jest } from "@jest/globals";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { stormRules } from "./storm.contract.ts";

jest.setTimeout(240_000);

beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
stormRules("kafka", 100);
