import { jest } from "@jest/globals";
import { resumeRules } from "./resume.contract.ts";

jest.setTimeout(60_000);

resumeRules("memory");
