import { describeSignals } from "../signals.contract.ts";
import { createMemorySignals } from "./memory-signals.ts";

describeSignals("memory", async (use) => {
  const signals = createMemorySignals();
  await use(() => Promise.resolve(signals));
});
