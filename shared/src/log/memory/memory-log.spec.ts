import { describeEventLog } from "../event-log.contract.ts";
import { createMemoryLog } from "./memory-log.ts";

describeEventLog("memory", (use) => use(createMemoryLog({ id: "a-log", partitions: 4 })));
