import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "@jest/globals";

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("says with its exit code that %s has cut its work off", async (signal, code) => {
  // A chat that never answers: whenever the signal comes, there is work left.
  const chat = createServer().listen(0, "127.0.0.1");
  await once(chat, "listening");
  const url = `http://127.0.0.1:${String((chat.address() as AddressInfo).port)}`;
  const demo = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    env: { CHAT_URL: url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const said = text(demo.stdout);
    await once(chat, "request");
    demo.kill(signal);
    expect(await once(demo, "exit")).toEqual([code, null]);
    expect(await said).toContain("interrupted; run again it goes on");
  } finally {
    demo.kill("SIGKILL");
    chat.closeAllConnections();
    chat.close();
  }
});
