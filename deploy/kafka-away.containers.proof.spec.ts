import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { type KafkaDetour, startKafkaDetour } from "@chat/shared/testing/kafka-detour";
import { openSocket, type SocketClient } from "@chat/shared/testing/socket-client";
import { specDetour } from "@chat/shared/testing/with-kafka";
import { type KafkaServices, type ServiceProcess, startKafkaServices } from "./embedded/testing/with-kafka-services.ts";

jest.setTimeout(180_000);
/** Wide: everybody connects anew, on a busy machine. */
const within = { within: 60_000 };

/** All services reach Kafka by a way that can be cut: swallowed by the network, or refused by the machine. */
describe("while Kafka is away", () => {
  let services: KafkaServices;
  let detour: KafkaDetour;
  let running: readonly ServiceProcess[];
  let commandApi: ServiceProcess;
  let queryApi: ServiceProcess;
  let socket: SocketClient | undefined;
  let chat: string;

  beforeAll(async () => {
    const { port, target } = specDetour();
    detour = await startKafkaDetour(port, target);
    services = await startKafkaServices();
    const way = { KAFKA_BROKERS: `127.0.0.1:${port}` };
    const started = await Promise.all([
      services.start("command-api", way),
      services.start("query-api", way),
      services.start("realtime", way),
      services.start("projector", way),
    ]);
    running = started;
    commandApi = started[0];
    queryApi = started[1];
    socket = await openSocket(`ws://127.0.0.1:${started[2].port}/ws?token=${services.tokenOf("1")}`);
    const made = await eventually(async () => {
      const answer = await post("/api/chats", { chat_type: "group", name: "x", member_ids: [] });
      expect(answer.status).toBe(201);
      return (await answer.json()) as { chat_id: string };
    }, within);
    chat = made.chat_id;
    await eventually(() => expect(socket?.events()).toMatchObject([{ type: "create_chat" }]), within);
  });
  afterAll(async () => {
    socket?.ws.terminate();
    await detour.close();
    await services.stop();
  });

  it("commands are refused and may be sent again, reads go on and say that they may be old, sockets stay; all comes back by itself", async () => {
    await goesOnAfter("first");
    detour.swallow();
    const took: number[] = [];
    for (const text of ["while it is away", "the lease is given up", "nobody has it", "and nobody can"]) {
      const started = performance.now();
      const refused = await send(text);
      took.push(Math.round(performance.now() - started));
      expect(refused.status).toBe(503);
      expect(refused.headers.get("retry-after")).toBe("1");
      const { code } = (await refused.json()) as { code: string };
      expect(["outcome_unknown", "unavailable"]).toContain(code);
    }
    tell(`refused after ${took.join(", ")} ms`);
    const read = await history();
    expect(read.status).toBe(200);
    expect(read.headers.get("chat-stale")).toBe("true");
    expect(((await read.json()) as object[])[0]).toMatchObject({ text: "first" });
    expect(socket?.ws.readyState).toBe(1);
    detour.recover();
    await goesOnAfter("when it is back");
    expect(socket?.ws.readyState).toBe(1);
  });

  it("every service stops when it is asked to, cleanly and in time", async () => {
    detour.swallow();
    expect((await send("into the void")).status).toBe(503);
    const started = performance.now();
    for (const service of running) service.signal("SIGTERM");
    const ends = await Promise.all(
      running.map(async ({ ended }) => {
        const { exitCode } = await ended;
        tell(`stopped after ${Math.round(performance.now() - started)} ms`);
        return exitCode;
      }),
    );
    expect(ends).toEqual([0, 0, 0, 0]);
  });

  /** A message is taken, told and read. */
  async function goesOnAfter(text: string): Promise<void> {
    const started = performance.now();
    await eventually(async () => expect((await send(text)).ok).toBe(true), within);
    tell(`taken after ${Math.round(performance.now() - started)} ms`);
    await eventually(() => expect(socket?.events().at(-1)).toMatchObject({ payload: { text } }), within);
    tell(`told after ${Math.round(performance.now() - started)} ms`);
    await eventually(async () => {
      const answer = await history();
      expect(answer.headers.get("chat-stale")).toBeNull();
      expect(((await answer.json()) as { text: string }[]).at(-1)).toMatchObject({ text });
    }, within);
    tell(`read without Chat-Stale after ${Math.round(performance.now() - started)} ms`);
  }

  function send(text: string): Promise<Response> {
    return post(`/api/chats/${chat}/messages`, { text, client_message_id: text.replaceAll(" ", "-") });
  }

  function history(): Promise<Response> {
    const headers = { authorization: `Bearer ${services.tokenOf("1")}` };
    return fetch(`${queryApi.url}/api/chats/${chat}/messages`, { headers });
  }

  function post(path: string, body: object): Promise<Response> {
    const headers = { authorization: `Bearer ${services.tokenOf("1")}`, "content-type": "application/json" };
    return fetch(`${commandApi.url}${path}`, { method: "POST", body: JSON.stringify(body), headers });
  }
});

/** Times are told, not judged: the machine may be busy. */
const tell = (line: string): void => void process.stdout.write(`    ${line}\n`);
