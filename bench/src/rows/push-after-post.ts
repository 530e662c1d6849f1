import { readFrame, TEXT } from "../driver/frames.ts";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { median } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { readBack } from "../read-back.ts";

export const pushAfterPost: Experiment = {
  name: "post-push",
  open: openPostPush,
  lines: (ours) => [
    {
      work: "POST → push at the other device, unloaded: p50",
      unit: "ms",
      // The floor is measured in the same breath: what the POST itself takes.
      floor: figure(ours, "postP50"),
      ours: figure(ours, "pushP50"),
      required: atMost(2 * figure(ours, "postP50")),
      note: "twice the POST",
    },
  ],
};

async function openPostPush(bench: Bench) {
  const { faults, options } = bench;
  const [alice, bob] = bench.people;
  if (alice === undefined || bob === undefined) throw new Error("two people are needed");
  const chatId = await bench.makeGroup([alice, bob]);
  const request = httpRequest("POST", `/api/chats/${chatId}/messages`, alice.token, JSON.stringify({ text: TEXT }));
  const reader = alice;
  let nextSeq = 1;

  async function ours(): Promise<Sample> {
    const [socket] = await bench.openSockets(bench.people.slice(1, 2));
    if (socket === undefined) throw new Error("no socket");
    const connection = await openHttpConnection(bench.port());
    const sequence = createSequence("bob", nextSeq, faults);
    let pushed: () => void = () => undefined;
    socket.onText = (buffer, start, end) => {
      const heard = readFrame(buffer, start, end);
      if (heard.kind !== "pushed") return;
      sequence.saw(heard.seq);
      pushed();
    };
    const first = nextSeq;
    const posts: number[] = [];
    const pushes: number[] = [];
    const stopAt = performance.now() + options.seconds * 1_000;
    while (performance.now() < stopAt) {
      const startedAt = performance.now();
      const arrival = new Promise<number>((resolve) => {
        pushed = () => resolve(performance.now() - startedAt);
      });
      const { status } = await connection.send(request);
      if (status !== 201) faults.add(`POST: ${status}`);
      posts.push(performance.now() - startedAt);
      pushes.push(await arrival);
      nextSeq += 1;
    }
    connection.close();
    socket.close();
    await readBack(bench, [{ chatId, reader, first, last: nextSeq - 1 }]);
    return { postP50: median(posts), pushP50: median(pushes) };
  }

  return { ours, close: async () => undefined };
}
