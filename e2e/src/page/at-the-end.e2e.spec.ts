import { beforeAll, expect, it } from "@jest/globals";
import type { Locator, Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { messagesOf, openChat, signUp, startChat, write, writeWithoutPage } from "./people.ts";

/** More than any of the windows has room for. */
const LINES = Array.from({ length: 60 }, (_, index) => `line ${String(index + 1)}.`);

const within = { within: WITHIN_MS };

describeWithBrowser("the end of a conversation", (newPerson) => {
  const chat = useChat();
  let boris: Person;
  let hers: Page;
  let his: Page;

  beforeAll(async () => {
    const alice = await newPerson(chat.url, wide);
    boris = await newPerson(chat.url, narrow);
    [hers, his] = await Promise.all([alice.openWindow(), boris.openWindow()]);
    await signUp(hers, "en", "Alice", "alice@example.com");
    await signUp(his, "ru", "Борис", "boris@example.com");
    await startChat(hers, "en", "Борис");
    await write(hers, "en", "Hello!");
    await openChat(his, "Alice");
    await writeWithoutPage(await chat.url(), "alice@example.com", LINES);
    await lineOf(his, "line 60.").waitFor();
  }, 4 * WITHIN_MS);

  it(
    "stays in sight while a message there is changed, and what comes next is followed",
    async () => {
      const last = lineOf(hers, "line 60.");
      await last.hover();
      await last.getByRole("button", { name: "Edit" }).click();
      await expectInSight(hers.getByRole("button", { name: "Save" }));
      const place = await hers.getByRole("log").boundingBox();
      await hers.mouse.move((place?.x ?? 0) + 50, (place?.y ?? 0) + 50);
      await hers.mouse.wheel(0, -30);
      await hers.getByRole("textbox", { name: "Edit" }).fill("the last line");
      await hers.getByRole("button", { name: "Save" }).click();
      await lineOf(his, "the last line").waitFor();
      await write(his, "ru", "Что дальше?");
      await expectInSight(lineOf(hers, "Что дальше?"));
    },
    3 * WITHIN_MS,
  );

  it(
    "is pointed to by whoever is further up, though another window of the same person has read what came",
    async () => {
      const other = await boris.openWindow();
      await openChat(other, "Alice");
      await lineOf(other, "Что дальше?").waitFor();
      // A window behind another one hears of it a frame later, which may be a while.
      await his.getByRole("log").evaluate(
        (log) =>
          new Promise<void>((resolve) => {
            log.addEventListener("scroll", () => resolve(), { once: true });
            log.scrollTop = log.scrollHeight / 2;
          }),
      );
      await write(hers, "en", "Did you see this?");
      await lineOf(hers, "Did you see this?").getByText("read by all").waitFor({ state: "attached" });
      const pointer = his.getByRole("button", { name: "Новые сообщения" });
      await pointer.click();
      await expectInSight(lineOf(his, "Did you see this?"));
      await pointer.waitFor({ state: "detached" });
      await other.close();
    },
    3 * WITHIN_MS,
  );

  it(
    "is not waited for where the browser itself knows that it is offline, and nothing is lost by that",
    async () => {
      await hers.context().setOffline(true);
      await hers.getByText("Connection lost.").waitFor();
      await write(hers, "en", "Written in between");
      await write(his, "ru", "Ты где?");
      await hers.context().setOffline(false);
      await hers.getByText("Connection lost.").waitFor({ state: "detached" });
      for (const window of [hers, his]) {
        await eventually(async () => {
          const said = await messagesOf(window);
          for (const text of ["Written in between", "Ты где?"])
            expect(said.filter((one) => one === text)).toHaveLength(1);
        }, within);
      }
    },
    3 * WITHIN_MS,
  );

  it(
    "does not go on saying of a change that there is no connection, when there is one again",
    async () => {
      const { port } = new URL(await chat.url());
      const mine = lineOf(hers, "Written in between");
      await mine.hover();
      await mine.getByRole("button", { name: "Edit" }).click();
      await hers.getByRole("textbox", { name: "Edit" }).fill("Changed in between");
      await chat.kill("process and PostgreSQL");
      await hers.getByText("Connection lost.").waitFor();
      await hers.getByRole("button", { name: "Save" }).click();
      const problem = hers.getByText("There is no connection.");
      await problem.waitFor();
      await chat.start({ PORT: port });
      await problem.waitFor({ state: "detached" });
      await hers.getByRole("button", { name: "Save" }).click();
      await eventually(async () => expect(await messagesOf(his)).toContain("Changed in between"), within);
    },
    4 * WITHIN_MS,
  );
});

const lineOf = (page: Page, text: string): Locator =>
  page.getByRole("log").getByRole("article").filter({ hasText: text });

/** Whoever points at the middle of it points at it, and at nothing that lies above. */
async function expectInSight(what: Locator): Promise<void> {
  await eventually(async () => {
    const isOnTop = await what.evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const found = document.elementFromPoint(left + width / 2, top + height / 2);
      return found !== null && element.contains(found);
    });
    expect(isOnTop).toBe(true);
  }, within);
}
