import { beforeAll, expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, wide, WITHIN_MS } from "./browser.ts";
import { messagesOf, openChat, signUp, startChat, write, writeWithoutPage } from "./people.ts";

/** More than a page of the history. */
const LINES = Array.from({ length: 140 }, (_, index) => `line ${String(index + 1)}.`);
/** What a few messages and rows may ask, and far fewer than are drawn. */
const FEW = 40;

describeWithBrowser("a conversation of which much is drawn", (newPerson) => {
  const chat = useChat();
  let hers: Page;
  let his: Page;

  beforeAll(async () => {
    const [alice, boris] = [await newPerson(chat.url, wide), await newPerson(chat.url, { ...wide, locale: "ru-RU" })];
    [hers, his] = await Promise.all([alice.openWindow(), boris.openWindow()]);
    await signUp(hers, "en", "Alice", "alice@example.com");
    await signUp(his, "ru", "Борис", "boris@example.com");
    await startChat(hers, "en", "Борис");
    await writeWithoutPage(await chat.url(), "alice@example.com", LINES);
    await openChat(his, "Alice");
    await his.getByRole("log").getByText("line 140.", { exact: true }).waitFor();
    // That all were read changes each of them. What comes next on the stream comes after that.
    await lineOf(hers, "line 140.").getByText("read by all").waitFor({ state: "attached" });
    await his.getByRole("log").evaluate((log) => (log.scrollTop = 0));
    await his.getByRole("log").getByText("line 1.", { exact: true }).waitFor();
    await write(hers, "en", "Go!");
    await lineOf(his, "Go!").waitFor();
    await countDaysAsked(his);
  }, 4 * WITHIN_MS);

  it(
    "is not drawn again for a key that is typed below it",
    async () => {
      await his.getByLabel("Сообщение", { exact: true }).pressSequentially("не спеша");
      expect(await daysAsked(his)).toBeLessThan(FEW);
    },
    WITHIN_MS,
  );

  it(
    "is not drawn again for a message that comes to it, which is drawn with its day, its name and its time",
    async () => {
      await write(hers, "en", "One more");
      await his.getByRole("log").getByText("One more").waitFor();
      expect(await daysAsked(his)).toBeLessThan(FEW);
      expect(await messagesOf(his)).toEqual([...LINES, "Go!", "One more"]);
    },
    WITHIN_MS,
  );

  it(
    "is drawn again where something of it changes: what is edited, deleted and read",
    async () => {
      await write(his, "ru", "Вижу");
      const seen = lineOf(hers, "One more");
      await seen.getByText("read by all").waitFor({ state: "attached" });
      await seen.hover();
      await seen.getByRole("button", { name: "Edit" }).click();
      await hers.getByRole("textbox", { name: "Edit" }).fill("One less");
      await hers.getByRole("button", { name: "Save" }).click();
      const changed = lineOf(his, "One less");
      await changed.getByText("изменено").waitFor();
      await lineOf(hers, "One less").hover();
      await lineOf(hers, "One less").getByText("Delete").click();
      await hers.getByRole("button", { name: "Yes" }).click();
      await changed.waitFor({ state: "detached" });
      expect(await messagesOf(his)).toContain("Вижу");
      expect(await daysAsked(his)).toBeGreaterThan(0);
    },
    2 * WITHIN_MS,
  );
});

const lineOf = (page: Page, text: string) => page.getByRole("log").getByRole("article").filter({ hasText: text });

/** Whoever is drawn asks what day it is: a message on which day it was written, a row of the list whether that was today. */
const countDaysAsked = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const counted = Object.assign(globalThis, { daysAsked: 0 });
    const { toDateString } = Date.prototype;
    Date.prototype.toDateString = function () {
      counted.daysAsked += 1;
      return toDateString.call(this);
    };
  });

/** Since it was asked last. */
const daysAsked = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const counted = globalThis as unknown as { daysAsked: number };
    const asked = counted.daysAsked;
    counted.daysAsked = 0;
    return asked;
  });
