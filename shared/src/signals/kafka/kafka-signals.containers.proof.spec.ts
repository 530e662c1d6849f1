import { randomUUID } from "node:crypto";
import { expect, it } from "@jest/globals";
import { createLogger } from "../../telemetry/logger.ts";
import { eventually } from "../../testing/eventually.ts";
import { freePort } from "../../testing/free-port.ts";
import { startKafkaContainer } from "../../testing/kafka-container.ts";
import { specBroker, withKafkaLog } from "../../testing/with-kafka.ts";
import { beat, describeSignals, listening } from "../signals.contract.ts";
import type { SignalsService } from "../signals.ts";
import { createKafkaSignals } from "./kafka-signals.ts";
import { checkSignalsTopic, createSignalsTopic } from "./signals-topic.ts";

const log = createLogger({ service: "spec", level: "silent" });
const common = { durability: "single", clientId: "spec", logId: "a-log", log } as const;

async function withSignals(
  use: (open: (logId?: string) => Promise<SignalsService>) => Promise<void>,
  broker = specBroker(),
) {
  const opened: SignalsService[] = [];
  const options = { ...common, brokers: [broker], topic: `spec-signals-${randomUUID()}` };
  await createSignalsTopic(options);
  try {
    await use(async (logId = common.logId) => {
      const signals = createKafkaSignals({ ...options, logId });
      opened.push(signals);
      await signals.start();
      return signals;
    });
  } finally {
    await Promise.all(opened.map((signals) => signals.stop()));
  }
}

describeSignals("Kafka", withSignals);

it("of another log on the same topic are not heard", () =>
  withSignals(async (open) => {
    const [ours, theirs] = [await listening(await open()), await open("another log")];
    const there = await listening(theirs);
    theirs.publish(beat("theirs", 1));
    await eventually(() => expect(there.numbersOf("theirs")).toEqual([1]), { within: 30_000 });
    expect(ours.numbersOf("theirs")).toEqual([]);
  }));

it("need a topic that was made for them: made twice it is one, and one that keeps everything is refused", async () => {
  const options = { ...common, brokers: [specBroker()], topic: `spec-signals-${randomUUID()}` };
  await expect(checkSignalsTopic(options)).rejects.toThrow(/KAFKA_SIGNALS_TOPIC: there is no topic .+ npm run migrate/);
  await Promise.all([createSignalsTopic(options), createSignalsTopic(options)]);
  await checkSignalsTopic(options);
  await withKafkaLog(async ({ topic }) => {
    await expect(checkSignalsTopic({ ...options, topic })).rejects.toMatchObject({
      reasons: [expect.stringMatching(/has 4 partitions; expected 1/), expect.stringMatching(/retention\.ms=-1/)],
    });
  });
});

it("are lost without a word while the broker is away, and come back by themselves", async () => {
  const kafka = await startKafkaContainer({ hostPort: await freePort() });
  try {
    await withSignals(async (open) => {
      const signals = await open();
      const { numbersOf } = await listening(signals);
      await kafka.kill();
      signals.publish(beat("away", 1));
      await eventually(() => expect(signals.lost()).toBeGreaterThan(0), { within: 30_000 });
      await kafka.startAgain();
      await eventually(
        () => {
          signals.publish(beat("back", 1));
          expect(numbersOf("back").length).toBeGreaterThan(0);
        },
        { within: 90_000 },
      );
      expect(numbersOf("away")).toEqual([]);
    }, kafka.broker);
  } finally {
    await kafka.stop();
  }
}, 180_000);
