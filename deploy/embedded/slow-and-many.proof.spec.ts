import { jest } from "@jest/globals";
import { longAwayAndManyRules } from "./slow-and-many.contract.ts";

jest.setTimeout(240_000);

longAwayAndManyRules("postgres", { eventsAway: 100_000, devices: 400, sockets: 1_000 });
