import { jest } from "@jest/globals";
import { severalSocketsRules } from "./several-sockets.contract.ts";

jest.setTimeout(60_000);

severalSocketsRules("memory");
