import type { Bench } from "./bench.ts";
import { TEXT } from "./driver/frames.ts";
import { httpRequest, openHttpConnection } from "./driver/http-connection.ts";
import type { Person } from "./people.ts";
import { readBack } from "./read-back.ts";

const WRITERS = 16;

/** So many messages of one person in a chat that has none, by HTTP. Any answer but 201 is a fault, and so is one that is not there afterwards. */
export async function writeMessages(bench: Bench, chatId: string, writer: Person, count: number): Promise<void> {
  const request = httpRequest("POST", `/api/chats/${chatId}/messages`, writer.token, JSON.stringify({ text: TEXT }));
  let left = count;
  const writers = Array.from({ length: WRITERS }, async () => {
    const connection = await openHttpConnection(bench.port());
    while (left > 0) {
      left -= 1;
      const { status } = await connection.send(request);
      if (status !== 201) bench.faults.add(`POST: ${status}`);
    }
    connection.close();
  });
  await Promise.all(writers);
  await readBack(bench, [{ chatId, reader: writer, first: 1, last: count }]);
}
