import { jest } from "@jest/globals";
import { resumeRules } from "./resume.contract.ts";
import { severalSocketsRules } from "./several-sockets.contract.ts";

jest.setTimeout(60_000);

resumeRules("postgres");
severalSocketsRules("postgres");
