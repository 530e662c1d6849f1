import { describe, expect, it } from "@jest/globals";
import { createFaults } from "../exactly-once.ts";
import { runTraffic } from "./room-traffic.ts";
import type { DriverSocket } from "./web-socket.ts";

const chatId = "a chat";

/** Two members of a room, the first of whom sends; what is sent comes to both, but the second misses the messages `lost`. */
function createRoom(lost: readonly number[]) {
  let seq = 0;
  const members: DriverSocket[] = [];
  const tell = (member: DriverSocket, frame: string): void => {
    const buffer = Buffer.from(frame);
    member.onText(buffer, 0, buffer.length);
  };
  const createMember = (index: number): DriverSocket => ({
    onText: () => undefined,
    greeting: "{}",
    send(text) {
      seq += 1;
      const own = seq;
      const { id } = JSON.parse(text) as { id: string };
      setTimeout(() => {
        for (const [other, member] of members.entries()) {
          if (other === 1 && lost.includes(own)) continue;
          tell(member, `{"type":"new_message","chat_id":"${chatId}","seq":${own}}`);
        }
        const sender = members[index];
        if (sender !== undefined) tell(sender, `{"type":"reply","id":"${id}","ok":true,"result":{"seq":${own}}}`);
      }, 1);
    },
    close: () => undefined,
    drop: () => undefined,
    stopReading: () => undefined,
  });
  members.push(createMember(0), createMember(1));
  return { chatId, members, senders: members.slice(0, 1), nextSeq: 1 };
}

async function faultsOf(lost: readonly number[]): Promise<readonly string[]> {
  const faults = createFaults(() => undefined);
  await runTraffic([createRoom(lost)], { seconds: 0.5, window: 8, clientIds: false, faults });
  return faults.all;
}

describe("the traffic of a room", () => {
  it("is without a fault when everybody got everything", async () => {
    expect(await faultsOf([])).toEqual([]);
  });

  // It would take a minute, longer than any spec may, if it waited for what is known to be lost.
  it("is at fault when one delivery is lost, and does not wait for it for long", async () => {
    expect(await faultsOf([2])).toEqual([
      expect.stringContaining("got 3 and nothing between it and 1"),
      "0 acknowledgements and 1 deliveries have not come",
    ]);
  });
});
