import { atMost, type Experiment, figure } from "../experiment.ts";

/** The whole program, from its start to the line that says it is ready. */
export const restart: Experiment = {
  name: "restart",
  open: async (bench) => ({
    async ours() {
      await bench.restart();
      return { seconds: bench.chat().readyAfterMs / 1_000 };
    },
    close: async () => undefined,
  }),
  lines: (ours) => [
    {
      work: "npm start on existing data: ready within",
      unit: "s",
      floor: null,
      ours: figure(ours, "seconds"),
      required: atMost(3),
    },
  ],
};
