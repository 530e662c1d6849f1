import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createKafkaSignals } from "@chat/shared/signals/kafka/kafka-signals";
import { createSignalsTopic } from "@chat/shared/signals/kafka/signals-topic";
import { createLogger } from "@chat/shared/telemetry/logger";
import { groupOf } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket, type SocketClient } from "@chat/shared/testing/socket-client";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { specBroker } from "@chat/shared/testing/with-kafka";
import { LOG_ID } from "./testing/with-log.ts";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(180_000);
const within = { within: 30_000 };
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob] = ["1", "2"] as const;
const log = createLogger({ service: "spec", level: "silent" });

const heard = ({ signals }: SocketClient, type: string) =>
  signals.filter((frame) => frame.type === type).map(({ payload }) => payload);
/** Presence is a state: the same may be told twice. */
const statuses = (client: SocketClient) =>
  heard(client, "presence")
    .map((payload) => payload?.["status"])
    .filter((status, index, all) => status !== all[index - 1]);

beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
describe("two instances of realtime with their signals in Kafka", () => {
  it("tell each other who types, and who is there, also when one of them crashes", async () => {
    const options = { brokers: [specBroker()], topic: `spec-signals-${randomUUID()}`, clientId: "spec", log };
    await createSignalsTopic({ ...options, durability: "single" });
    await withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        await stack.projected();
        await stack.another();
        const far = await stack.connect(bob);
        const near = await openSocket(`ws://127.0.0.1:${stack.ports()[0]}${stack.path(alice)}`);
        try {
          await eventually(() => expect(statuses(far)).toEqual(["online"]), within);
          await eventually(() => expect(statuses(near)).toEqual(["online"]), within);
          near.send({ type: "typing", chat_id: chat, is_typing: true });
          await eventually(
            () => expect(heard(far, "typing")).toContainEqual({ user_id: alice, is_typing: true }),
            within,
          );
          stack.vanish();
          near.ws.terminate();
          await eventually(() => expect(statuses(far)).toEqual(["online", "offline"]), within);
          expect(heard(near, "typing")).toEqual([]);
        } finally {
          near.ws.terminate();
        }
      },
      {},
      { openSignals: () => Promise.resolve(createKafkaSignals({ ...options, logId: LOG_ID })) },
    );
  });
});
