import { jest } from "@jest/globals";
import { stormRules } from "./storm.contract.ts";

jest.setTimeout(180_000);

stormRules("memory", 300);
stormRules("postgres", 300);
