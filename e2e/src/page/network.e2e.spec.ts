import { expect, it } from "@jest/globals";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, wide, WITHIN_MS } from "./browser.ts";
import { signUp } from "./people.ts";

/** A clock stops at a moment that is still to come. */
const SOON_MS = 1_000;

describeWithBrowser("a change of the network", (newPerson) => {
  const chat = useChat();

  it.each(["offline", "online"])(
    "has the page ask at once whether its connection still holds, whatever its timers say: %s",
    async (change) => {
      const alice = await newPerson(chat.url, wide);
      const page = await alice.openWindow();
      await signUp(page, "en", "Alice", `${change}@example.com`);
      const connected = page.locator(".connection.connected");
      await connected.waitFor({ state: "attached" });
      // Who only waits until a connection has been silent for too long asks nothing any more: time stands still from here on.
      await page.clock.install();
      const opened = page.waitForEvent("websocket");
      await page.reload();
      const socket = await opened;
      await connected.waitFor({ state: "attached" });
      await page.clock.pauseAt(Date.now() + SOON_MS);
      const asked = socket.waitForEvent("framesent", ({ payload }) => String(payload).includes('"type":"ping"'));
      await page.evaluate((name) => dispatchEvent(new Event(name)), change);
      await asked;
      expect(alice.complaints()).toEqual([]);
    },
    2 * WITHIN_MS,
  );
});
