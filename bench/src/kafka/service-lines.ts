import { atLeast, atMost, type Line } from "../experiment.ts";
import { openBench } from "../open-bench.ts";
import { readOptions } from "../options.ts";
import { median } from "../percentiles.ts";
import type { BareThread } from "./bare-thread.ts";
import { type KafkaStack, startKafkaStack } from "./kafka-stack.ts";
import { makeChats, postRate } from "./post-rate.ts";
import { pushLatency } from "./push-latency.ts";
import { rollingRestart } from "./rolling-restart.ts";

const connections = 32;
const writers = 16;
const latencyMessages = 300;
/** A broker that has just started takes several times the CPU for each request, for some ten thousand of them. What runs for months is measured warm, both sides alike. */
const warmUpSeconds = 10;
/** What processes of their own, a broker and another way to the log may cost. */
const requiredShare = 0.8;
const requiredTimes = 3;

interface Options {
  readonly broker: string;
  readonly bare: BareThread;
  readonly rounds: number;
  readonly seconds: number;
}

/** The services on Kafka against the embedded run and bare kafkajs, all on one PostgreSQL server and one broker. */
export async function serviceLines({ broker, bare, rounds, seconds }: Options): Promise<readonly Line[]> {
  const options = readOptions(["--smoke", "--unpinned"]);
  if (options === null) throw new Error("no options");
  const bench = await openBench(options);
  const stacks: KafkaStack[] = [];
  try {
    const databaseUrl = async (name: string): Promise<string> => {
      await bench.db().query(`CREATE DATABASE ${name}`);
      return (await bench.databaseUrl("chat")).replace("/chat?", `/${name}?`);
    };
    const people = connections;
    const services = ["command-api", "query-api", "realtime", "projector"] as const;
    const stack = await startKafkaStack({ broker, databaseUrl: await databaseUrl("kafka"), people, services });
    stacks.push(stack);
    const [commandApi] = stack.of("command-api");
    const [realtime] = stack.of("realtime");
    if (commandApi === undefined || realtime === undefined) throw new Error("services are missing");

    const embedded = { port: bench.port(), people: bench.people.slice(0, connections) };
    const apart = { port: commandApi.port, people: stack.people };
    const embeddedChats = await makeChats(embedded.port, embedded.people);
    const apartChats = await makeChats(apart.port, apart.people);
    const rates: (readonly [number, number])[] = [];
    const pushes: (readonly [number, number])[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const load = { seconds: round === 0 ? warmUpSeconds : seconds };
      const rate = [
        await postRate({ ...embedded, chats: embeddedChats, ...load }),
        await postRate({ ...apart, chats: apartChats, ...load }),
      ] as const;
      const way = { commands: apart.port, sockets: realtime.port, people: stack.people, messages: latencyMessages };
      const push = [await bare.latency(latencyMessages), await pushLatency(way)] as const;
      // The first round warms up all of them and does not count.
      if (round > 0) rates.push(rate);
      if (round > 0) pushes.push(push);
      bench.say(`round ${round}: POST ${rate.map(Math.round).join(" and ")} a second, push ${push.join(" and ")} ms`);
    }
    await stack.close();
    stacks.pop();

    const twice = services.flatMap((name) => [name, name]);
    const rolling = await startKafkaStack({
      ...{ broker, people },
      databaseUrl: await databaseUrl("rolling"),
      services: twice,
    });
    stacks.push(rolling);
    const restarts = await rollingRestart(rolling, writers);
    for (const failure of restarts.failed.slice(0, 10)) bench.say(`failed: ${failure}`);
    bench.say(`${restarts.messages} messages while ${rolling.services.length} processes were restarted`);

    const middle = (pairs: readonly (readonly [number, number])[], which: 0 | 1) =>
      median(pairs.map((pair) => pair[which]));
    return [
      {
        work: `POST message, ${connections} connections over ${connections} chats`,
        unit: "messages/s",
        floor: middle(rates, 0),
        ours: middle(rates, 1),
        required: atLeast(requiredShare * middle(rates, 0)),
        note: "80 % of the embedded run",
      },
      {
        work: "POST → push on another instance, unloaded: p50",
        unit: "ms",
        floor: middle(pushes, 0),
        ours: middle(pushes, 1),
        required: atMost(requiredTimes * middle(pushes, 0)),
        note: "3 times bare send → consume",
      },
      {
        work: "rolling restart: failed commands",
        unit: "",
        floor: null,
        ours: restarts.failed.length,
        required: atMost(0),
      },
      {
        work: "rolling restart: longest pause of a chat",
        unit: "ms",
        floor: null,
        ours: restarts.longestPauseMs,
        required: atMost(Number.POSITIVE_INFINITY),
      },
    ];
  } finally {
    await Promise.all(stacks.map((stack) => stack.close()));
    await bench.close();
  }
}
