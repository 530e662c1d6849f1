import { TEXT } from "../driver/frames.ts";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { makeGroup, type Person } from "../people.ts";

/** A chat for each of these people. */
export function makeChats(port: number, people: readonly Person[]): Promise<readonly string[]> {
  return Promise.all(people.map((person) => makeGroup(port, [person])));
}

interface Load {
  readonly port: number;
  readonly people: readonly Person[];
  /** By person. */
  readonly chats: readonly string[];
  readonly seconds: number;
}

/** Messages a second: everybody posts into a chat of his own, one message after the other. Throws when one is not taken. */
export async function postRate({ port, people, chats, seconds }: Load): Promise<number> {
  const connections = await Promise.all(people.map(() => openHttpConnection(port)));
  const startedAt = performance.now();
  const stopAt = startedAt + seconds * 1_000;
  const counts = await Promise.all(
    connections.map(async (connection, index) => {
      const path = `/api/chats/${chats[index] ?? ""}/messages`;
      const request = httpRequest("POST", path, people[index]?.token ?? "", JSON.stringify({ text: TEXT }));
      let count = 0;
      for (; performance.now() < stopAt; count += 1) {
        const { status, body } = await connection.send(request);
        if (status !== 201) throw new Error(`POST: ${status} ${body.toString()}`);
      }
      connection.close();
      return count;
    }),
  );
  return (counts.reduce((sum, count) => sum + count, 0) * 1_000) / (performance.now() - startedAt);
}
