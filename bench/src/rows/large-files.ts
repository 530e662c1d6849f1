import { setInterval } from "node:timers/promises";
import type { Bench } from "../bench.ts";
import { pssKibOf } from "../cpu-time.ts";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { atMost, type Experiment, figure, type Line, type Sample } from "../experiment.ts";

/** The largest that is taken by default. */
const FULL_BYTES = 100 * 1024 * 1024;
const SMOKE_BYTES = 6 * 1024 * 1024;
const LOOK_EVERY_MS = 20;
/** What is in flight, and garbage of what was: a fraction of the file, and no more for one that is larger. */
const MAX_GROWTH_MIB = 80;

/** One after the other, in a server that has done both before with a small file: its memory grows by what a file in flight holds. */
export const largeFiles: Experiment = {
  name: "files",
  async open(bench) {
    return { ours: () => measure(bench), close: async () => undefined, maxRounds: 1 };
  },
  lines: (ours) => [line("upload", figure(ours, "uploadMib")), line("download", figure(ours, "downloadMib"))],
};

const line = (what: string, mib: number): Line => ({
  work: `memory that the server takes for the ${what} of a file of 100 MiB (PSS, at its peak)`,
  unit: "MiB",
  floor: null,
  ours: mib,
  required: atMost(MAX_GROWTH_MIB),
});

async function measure(bench: Bench): Promise<Sample> {
  const bytes = bench.options.smoke ? SMOKE_BYTES : FULL_BYTES;
  await bench.restart();
  const [person] = bench.people;
  if (person === undefined) throw new Error("there is nobody to send a file");
  const chatId = await bench.makeGroup([person]);
  const connection = await openHttpConnection(bench.port());
  const text = JSON.stringify({ text: "with files" });
  const sent = await connection.send(httpRequest("POST", `/api/chats/${chatId}/messages`, person.token, text));
  connection.close();
  const { id } = JSON.parse(sent.body.toString()) as { id: string };
  const at = `http://127.0.0.1:${String(bench.port())}`;
  const headers = { authorization: `Bearer ${person.token}` };

  async function upload(length: number): Promise<string> {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(length)]), "large.bin");
    const answer = await fetch(`${at}/api/messages/${id}/files`, { method: "POST", headers, body: form });
    if (answer.status !== 201) throw new Error(`upload: ${String(answer.status)} ${await answer.text()}`);
    return ((await answer.json()) as { url: string }).url;
  }

  async function download(url: string, length: number): Promise<void> {
    const answer = await fetch(new URL(url, at), { headers });
    let read = 0;
    const reader = answer.body?.getReader();
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
      read += piece.value.length;
    if (read !== length)
      throw new Error(`download: ${String(answer.status)}, ${String(read)} of ${String(length)} bytes`);
  }

  const pid = bench.chat().pid;
  await download(await upload(SMOKE_BYTES), SMOKE_BYTES);
  let url = "";
  const uploadMib = await growthMib(pid, async () => {
    url = await upload(bytes);
  });
  const downloadMib = await growthMib(pid, () => download(url, bytes));
  return { uploadMib, downloadMib };
}

async function growthMib(pid: number, work: () => Promise<void>): Promise<number> {
  const before = pssKibOf(pid);
  let highest = before;
  const over = new AbortController();
  const looking = (async () => {
    for await (const _ of setInterval(LOOK_EVERY_MS, undefined, { signal: over.signal })) {
      highest = Math.max(highest, pssKibOf(pid));
    }
  })().catch(() => undefined);
  await work();
  over.abort();
  await looking;
  return (highest - before) / 1_024;
}
