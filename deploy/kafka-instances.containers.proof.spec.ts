import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { openCuttingProxy } from "@chat/shared/testing/cutting-proxy";
import { eventually } from "@chat/shared/testing/eventually";
import { type KafkaDetour, startKafkaDetour } from "@chat/shared/testing/kafka-detour";
import { specDetour } from "@chat/shared/testing/with-kafka";
import { send, startWriters, type SteadyWriters } from "./embedded/testing/steady-writers.ts";
import { type KafkaServices, type ServiceProcess, startKafkaServices } from "./embedded/testing/with-kafka-services.ts";
import { PARTITIONS } from "./embedded/testing/with-instances.ts";

/** Wide: on a machine where much else runs a process alone takes half a minute to start. */
jest.setTimeout(300_000);
/** Wide: processes start and stop on a busy machine. */
const within = { within: 60_000 };
/** Longer than any timeout of a client of Kafka, of a lease and of a connection. */
const pauseMs = 30_000;
/** So many that none of them writes into a partition of the second instance once in four thousand runs. */
const writers = 12;

/** Real processes of command-api with the log in Kafka. The first stays; others come, and go in every way there is. */
describe("several instances of command-api on Kafka", () => {
  let services: KafkaServices;
  let first: ServiceProcess;
  /** Comes by the detour, is cut off, paused, and stopped in the end. */
  let troubled: ServiceProcess;
  let detour: KafkaDetour;
  let writing: SteadyWriters;

  beforeAll(async () => {
    services = await startKafkaServices();
    await services.start("projector");
    first = await services.start("command-api");
    await expectShares(first, [PARTITIONS]);
    writing = await startWriters({ instances: services, writers, urls: [first.url] });
    const { port, target } = specDetour();
    detour = await startKafkaDetour(port, target);
  });
  afterAll(async () => {
    await services.stop();
    await detour.close();
  });

  it("give who joins its share, and to the others that of one that was killed", async () => {
    const second = await services.start("command-api");
    const joined = stopwatch();
    await expectShares(first, [8, 8], second);
    tell(`share after the second was ready: ${joined()} ms`);
    writing.use([first.url, second.url]);
    await progress();
    tell(`refused meanwhile: ${writing.refusals.length}; longest pause of a chat: ${writing.longestPauseMs()} ms`);
    second.signal("SIGKILL");
    const killed = stopwatch();
    await expectShares(first, [PARTITIONS]);
    tell(`all owned again after a SIGKILL: ${killed()} ms`);
    await progress();
    tell(`longest pause of a chat around the SIGKILL: ${writing.longestPauseMs()} ms`);
    refusedOnlyAs503();
  });

  it("never do a forwarded command twice whose answer was lost", async () => {
    let behind = 0;
    const proxy = await openCuttingProxy({ target: () => behind, bytesUntilCut: () => 0 });
    const url = `http://127.0.0.1:${proxy.port}`;
    try {
      const second = await services.start("command-api", { INSTANCE_URL: url });
      behind = second.port;
      await expectShares(first, [8, 8], { url });
      const chat = await chatOwnedBy({ url });
      const path = `${first.url}/api/chats/${chat.chatId}/messages`;
      const message = { text: "once", client_message_id: "once-and-no-more" };
      const answers = [await send(new Agent(), path, chat.token, message)];
      expect(answers[0]).toMatchObject({ status: 503, body: { code: "outcome_unknown" } });
      proxy.spare();
      const again = await eventually(async () => {
        const answer = await send(new Agent(), path, chat.token, message);
        expect(answer.status).toBe(200);
        return answer;
      }, within);
      const found = (await services.messages())
        .get(chat.chatId)
        ?.filter(({ key }) => key === message.client_message_id);
      expect(found).toEqual([{ seq: again.body.seq, key: message.client_message_id }]);
      await gone(second);
    } finally {
      proxy.close();
    }
  });

  it("replace one that cannot reach Kafka, and give it its share again when it can", async () => {
    troubled = await services.start("command-api", { KAFKA_BROKERS: `127.0.0.1:${specDetour().port}` });
    await expectShares(first, [8, 8], troubled);
    writing.use([first.url, troubled.url]);
    await progress();
    writing.longestPauseMs();
    detour.swallow();
    const cut = stopwatch();
    await expectShares(first, [PARTITIONS, 0], troubled);
    tell(`all owned by those who reach Kafka, after one was cut off: ${cut()} ms`);
    // It still takes commands, and forwards them.
    await progress();
    tell(`longest pause of a chat around it: ${writing.longestPauseMs()} ms`);
    detour.recover();
    await expectShares(first, [8, 8], troubled);
    await progress();
    refusedOnlyAs503();
  });

  it("fence one that was paused for longer than its lease: it answers nothing from old state and steps back", async () => {
    writing.use([first.url]);
    await progress();
    const chat = await chatOwnedBy(troubled);
    troubled.signal("SIGSTOP");
    await expectShares(first, [PARTITIONS]);
    await delay(pauseMs);
    await progress();
    const before = chat.acknowledged.length;
    // It waits in the socket of the one that sleeps, and is the first thing that it sees.
    const late = send(new Agent(), `${troubled.url}/api/chats/${chat.chatId}/messages`, chat.token, {
      text: "too late?",
    });
    troubled.signal("SIGCONT");
    const { status, body } = await late;
    expect(`${status} ${body.code ?? ""}`).toMatch(/^(201 |503 (outcome_unknown|unavailable))$/);
    expect(body.seq ?? Infinity).toBeGreaterThan(before);
    tell(`the one that waited got ${status}; fenced: ${await troubled.metric("chat_fenced_appends_total")}`);
    await expectShares(first, [8, 8], troubled);
    writing.use([first.url, troubled.url]);
    await progress();
    refusedOnlyAs503();
  });

  it("hand over at a planned stop; and nothing of it all was lost or done twice", async () => {
    const refusedBefore = writing.refusals.length;
    writing.longestPauseMs();
    const stopping = stopwatch();
    await gone(troubled);
    tell(`gone after ${stopping()} ms`);
    await expectShares(first, [PARTITIONS]);
    await progress();
    tell(`longest pause of a chat around the planned stop: ${writing.longestPauseMs()} ms`);
    expect(writing.refusals.slice(refusedBefore)).toEqual([]);
    await writing.stop();
    const log = await services.messages();
    for (const { chatId, acknowledged } of writing.chats) {
      const found = log.get(chatId) ?? [];
      expect(found.map(({ seq }) => seq)).toEqual(found.map((_, index) => index + 1));
      const keys = found.map(({ key }) => key).filter((key) => key !== null);
      expect(new Set(keys).size).toBe(keys.length);
      const seqs = new Set(found.map(({ seq }) => seq));
      expect(acknowledged.filter((seq) => !seqs.has(seq))).toEqual([]);
    }
  });

  async function expectShares(one: { url: string }, shares: readonly number[], ...others: readonly { url: string }[]) {
    await eventually(async () => expect(await services.shares(one, ...others)).toEqual(shares), within);
  }

  /** Until every writer was acknowledged another five times. */
  async function progress(): Promise<void> {
    const goals = writing.chats.map(({ acknowledged }) => acknowledged.length + 5);
    await eventually(() => {
      const behind = writing.chats.filter(({ acknowledged }, index) => acknowledged.length < (goals[index] ?? 0));
      expect(behind.map(({ chatId }) => chatId)).toEqual([]);
    }, within);
  }

  async function chatOwnedBy({ url }: { url: string }) {
    for (const [index, chat] of writing.chats.entries()) {
      const owner = await services.ownerOf(partitionOf(chat.chatId, PARTITIONS));
      if (owner === url) return { ...chat, token: services.tokenOf(String(index + 1)) };
    }
    throw new Error(`none of ${writing.chats.length} chats is owned by ${url}`);
  }

  /** Asked to stop, it stops, and has nothing to complain of. */
  async function gone(instance: ServiceProcess): Promise<void> {
    instance.signal("SIGTERM");
    const { exitCode } = await instance.ended;
    expect(exitCode).toBe(0);
    writing.use([first.url]);
  }

  function refusedOnlyAs503(): void {
    for (const refusal of writing.refusals) expect(refusal).toMatch(/^503 (outcome_unknown|unavailable)$/);
  }
});

function stopwatch(): () => number {
  const start = performance.now();
  return () => Math.round(performance.now() - start);
}

/** Times are told, not judged: the machine may be busy. */
const tell = (line: string): void => void process.stdout.write(`    ${line}\n`);
