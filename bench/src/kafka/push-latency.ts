import { randomUUID } from "node:crypto";
import { readFrame, TEXT } from "../driver/frames.ts";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { openSocket } from "../driver/web-socket.ts";
import { makeGroup, type Person } from "../people.ts";
import { median } from "../percentiles.ts";

interface Way {
  /** Where one posts. */
  readonly commands: number;
  /** Where the other listens: another process. */
  readonly sockets: number;
  readonly people: readonly Person[];
  readonly messages: number;
}

/** The median of what it takes from the POST to the push at the other's device, one message at a time, in milliseconds. */
export async function pushLatency({ commands, sockets, people, messages }: Way): Promise<number> {
  const [alice, bob] = people;
  if (alice === undefined || bob === undefined) throw new Error("two people are needed");
  const chatId = await makeGroup(commands, [alice, bob]);
  const connection = await openHttpConnection(commands);
  const path = `/ws?token=${bob.token}&device=${randomUUID()}`;
  const socket = await openSocket(sockets, path, (why) => console.error(`the socket ended: ${why}`));
  let pushed: () => void = () => undefined;
  socket.onText = (buffer, start, end) => {
    if (readFrame(buffer, start, end).kind === "pushed") pushed();
  };
  const request = httpRequest("POST", `/api/chats/${chatId}/messages`, alice.token, JSON.stringify({ text: TEXT }));
  const took: number[] = [];
  for (let count = 0; count < messages; count += 1) {
    const startedAt = performance.now();
    const arrival = new Promise<number>((resolve) => {
      pushed = () => resolve(performance.now() - startedAt);
    });
    const { status } = await connection.send(request);
    if (status !== 201) throw new Error(`POST: ${status}`);
    took.push(await arrival);
  }
  connection.close();
  socket.close();
  return median(took);
}
