import { expect, it } from "@jest/globals";
import { eventually } from "../../testing/eventually.ts";
import { freePort } from "../../testing/free-port.ts";
import { startKafkaContainer } from "../../testing/kafka-container.ts";
import { whileWriting } from "../../testing/tail-and-write.ts";
import { withKafkaLog } from "../../testing/with-kafka.ts";

/** The broker's own session time-out alone is nine seconds. */
const within = { within: 60_000 };
const PARTITIONS = [0, 1, 2, 3];

it("goes on after a broker was killed and started again, with nothing lost, doubled or skipped", async () => {
  const kafka = await startKafkaContainer({ hostPort: await freePort() });
  try {
    await withKafkaLog(
      async ({ open }) => {
        const { seen, written, stop } = await whileWriting(await open(), async () => {
          await kafka.kill();
          await kafka.startAgain();
        });
        await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(written.flat().length), within);
        for (const partition of PARTITIONS) {
          expect(seen.filter((value) => value.startsWith(`${partition}.`))).toEqual(written[partition]);
        }
        await stop();
      },
      { broker: kafka.broker },
    );
  } finally {
    await kafka.stop();
  }
}, 180_000);
