/** `npm run bench:kafka [-- --only append|services]`: what the log in Kafka costs, against bare kafkajs and the embedded run. */
import { parseArgs } from "node:util";
import { startKafkaContainer } from "@chat/shared/testing/kafka-container";
import { isMet, type Line } from "../experiment.ts";
import { formatTable } from "../table.ts";
import { appendLines, partitions } from "./append-lines.ts";
import { startBareThread } from "./bare-thread.ts";
import { serviceLines } from "./service-lines.ts";

const usage = `npm run bench:kafka -- [options]

What the log in Kafka costs, against bare kafkajs and the embedded run. Needs a Docker engine.

  --only <part>   append or services (both)
  --rounds <n>    measured rounds of each, after one that warms up (3)
  --seconds <n>   of each round (3)
  --help          this
`;
const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
  },
});

if (values.help) {
  console.log(usage);
  process.exit();
}
const kafka = await startKafkaContainer();
try {
  const bare = await startBareThread(kafka.broker, partitions);
  const options = { broker: kafka.broker, bare, rounds: Number(values.rounds), seconds: Number(values.seconds) };
  const lines: Line[] = [];
  if (values.only !== "services") lines.push(...(await appendLines(options)));
  if (values.only !== "append") lines.push(...(await serviceLines(options)));
  await bare.close();
  console.log(formatTable(lines, true));
  if (!lines.every(isMet)) process.exitCode = 1;
} finally {
  await kafka.stop();
}
