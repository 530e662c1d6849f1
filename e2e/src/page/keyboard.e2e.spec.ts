import { beforeAll, expect, it } from "@jest/globals";
import type { Locator, Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { messagesOf, openChat, signUp, startChat, write } from "./people.ts";

/** More presses of Tab than the page has stops on any way that is taken here. */
const MAX_STOPS = 25;

describeWithBrowser("the page by keyboard, and when it is left", (newPerson) => {
  const chat = useChat();
  let grace: Person;
  let ivan: Person;
  let hers: Page;
  let his: Page;
  /** What her window asked before it did as it was told. */
  const asked: string[] = [];

  beforeAll(async () => {
    grace = await newPerson(chat.url, wide);
    ivan = await newPerson(chat.url, narrow);
    [hers, his] = await Promise.all([grace.openWindow(), ivan.openWindow()]);
    hers.on("dialog", (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await signUp(his, "ru", "Иван", "ivan@example.com");
  }, 4 * WITHIN_MS);

  it(
    "leads from signing in to a message that is sent and changed, with the focus where one goes on",
    async () => {
      await expectFocus(hers.getByLabel("E-mail"));
      await tabTo(hers.getByRole("button", { name: "I am new here" }));
      await hers.keyboard.press("Enter");
      for (const [label, text] of [
        ["Name", "Grace"],
        ["E-mail", "grace@example.com"],
        ["Password", "password123"],
      ] as const) {
        await tabTo(hers.getByLabel(label, { exact: true }));
        await hers.keyboard.type(text);
      }
      await hers.keyboard.press("Enter");
      await hers.getByRole("button", { name: "New chat" }).waitFor();
      await tabTo(hers.getByRole("button", { name: "New chat" }));
      await hers.keyboard.press("Enter");
      await expectFocus(hers.getByLabel("Find people by name"));
      await hers.keyboard.type("Иван");
      await hers.getByRole("checkbox", { name: "Иван" }).waitFor();
      await tabTo(hers.getByRole("checkbox", { name: "Иван" }));
      await hers.keyboard.press("Space");
      await hers.keyboard.press("Enter");

      const composer = hers.getByLabel("Message", { exact: true });
      await expectFocus(composer);
      for (const text of ["one", "two", "three"]) {
        await hers.keyboard.type(text);
        await hers.keyboard.press("Enter");
      }
      await expectMessages(hers, ["one", "two", "three"]);
      const message = (text: string) => hers.getByRole("article").filter({ hasText: text });
      await tabTo(message("three"), "Shift+Tab");
      await hers.keyboard.press("ArrowUp");
      await expectFocus(message("two"));
      await tabTo(message("two").getByRole("button", { name: "Edit" }));
      await hers.keyboard.press("Enter");
      await expectFocus(hers.getByRole("textbox", { name: "Edit" }));
      await hers.keyboard.type(" and a half");
      await tabTo(hers.getByRole("button", { name: "Save" }));
      await hers.keyboard.press("Enter");
      await expectMessages(hers, ["one", "two and a half", "three"]);
      await expectFocus(message("two").getByRole("button", { name: "Edit" }));
      await hers.keyboard.press("Enter");
      await hers.keyboard.press("Escape");
      await expectFocus(message("two").getByRole("button", { name: "Edit" }));
      await tabTo(message("two").getByRole("button", { name: "Delete" }));
      await hers.keyboard.press("Enter");
      await expectFocus(message("two").getByRole("button", { name: "No" }));
      await hers.keyboard.press("Enter");
      await expectFocus(message("two").getByRole("button", { name: "Delete" }));
      await tabTo(hers.getByRole("button", { name: "Skip to writing" }), "Shift+Tab");
      await hers.keyboard.press("Enter");
      await expectFocus(composer);
    },
    4 * WITHIN_MS,
  );

  it(
    "tells by name who has read, goes back to the list, and says nothing of one's own messages being read",
    async () => {
      await openChat(his, "Grace");
      await his.getByRole("log").getByText("three", { exact: true }).waitFor();
      const ticks = hers.getByRole("article").filter({ hasText: "three" }).getByRole("button", { name: "read by all" });
      await ticks.click();
      await hers.getByText("Read by: Иван").waitFor();
      await hers.keyboard.press("Escape");
      await hers.getByText("Read by: Иван").waitFor({ state: "detached" });
      await expectFocus(ticks);

      const told: string[] = [];
      hers.on("request", (request) => {
        if (request.method() === "POST") told.push(new URL(request.url()).pathname);
      });
      await write(hers, "en", "four");
      await hers
        .getByRole("article")
        .filter({ hasText: "four" })
        .getByRole("button", { name: "read by all" })
        .waitFor();
      expect(told.filter((asked) => asked.endsWith("/read"))).toEqual([]);
      expect(told.filter((asked) => asked.endsWith("/messages"))).toHaveLength(1);

      await his.goBack();
      await expectFocus(his.getByRole("navigation").getByRole("button", { name: "Grace" }));
      await his.goForward();
      await his.getByRole("log").getByText("four", { exact: true }).waitFor();
    },
    3 * WITHIN_MS,
  );

  it(
    "keeps what was begun in a chat while another one is open, and its texts across a reload, which asks only if files would be lost",
    async () => {
      const olga = await newPerson(chat.url, wide);
      await signUp(await olga.openWindow(), "en", "Olga", "olga@example.com");
      await startChat(hers, "en", "Olga");
      await openChat(hers, "Иван");
      const composer = hers.getByLabel("Message", { exact: true });
      const change = hers.getByRole("textbox", { name: "Edit" });
      await beginChange(hers, "one", "one, but later");
      await composer.fill("not yet");
      await hers.locator("input[type=file]").setInputFiles([file("map.txt", "here"), file("nothing.txt", "")]);
      await hers.getByText("A file with nothing in it cannot be sent.").waitFor();
      await openChat(hers, "Olga");
      await eventually(async () => expect(await composer.inputValue()).toBe(""), { within: WITHIN_MS });
      await openChat(hers, "Иван");
      await hers.getByRole("button", { name: "Discard map.txt" }).waitFor();
      expect(await hers.getByRole("button", { name: "Discard nothing.txt" }).count()).toBe(0);
      expect(await change.inputValue()).toBe("one, but later");
      // The first takes the files: of the second there is nothing to ask.
      for (let reloads = 0; reloads < 2; reloads += 1) {
        await hers.reload();
        await expectFocus(composer);
        expect(await composer.inputValue()).toBe("not yet");
        expect(await change.inputValue()).toBe("one, but later");
        expect(asked).toEqual(["beforeunload"]);
      }
      await hers.getByRole("button", { name: "Cancel" }).click();
      await composer.fill("");
      await hers.reload();
      await hers.getByRole("log").getByText("one", { exact: true }).waitFor();
      expect([await composer.inputValue(), await change.count()]).toEqual(["", 0]);
      expect([...grace.complaints(), ...ivan.complaints(), ...olga.complaints()]).toEqual([]);
    },
    3 * WITHIN_MS,
  );

  it(
    "comes to the list of chats once, where one is, and goes from chat to chat by the arrows",
    async () => {
      await openChat(hers, "Иван");
      const rows = hers.locator("nav [data-chat]");
      expect(await rows.count()).toBe(2);
      const open = hers.locator("nav [aria-current=true]");
      await tabTo(open, "Shift+Tab");
      await hers.keyboard.press("Shift+Tab");
      await expectFocus(hers.getByRole("button", { name: "Sign out" }));
      await hers.keyboard.press("Tab");
      await expectFocus(open);
      const steps = [
        ["Home", 0],
        ["ArrowUp", 0],
        ["ArrowDown", 1],
        ["ArrowDown", 1],
        ["ArrowUp", 0],
        ["End", 1],
      ] as const;
      for (const [key, row] of steps) {
        await hers.keyboard.press(key);
        await expectFocus(rows.nth(row));
      }
      await hers.keyboard.press("Enter");
      await expectFocus(hers.getByLabel("Message", { exact: true }));
      expect(await rows.nth(1).getAttribute("aria-current")).toBe("true");

      // What stands above the rows, whatever is scrolled, hides none that is gone to.
      await hers.setViewportSize({ ...wide.viewport, height: 170 });
      await rows.nth(1).focus();
      await hers.keyboard.press("End");
      await hers.keyboard.press("ArrowUp");
      await expectFocus(rows.nth(0));
      const topOf = (place: Locator) => place.evaluate((element) => element.getBoundingClientRect().top);
      const head = await hers.locator("nav header").evaluate((element) => element.getBoundingClientRect().bottom);
      expect(await topOf(rows.nth(0))).toBeGreaterThanOrEqual(Math.floor(head));
      await hers.setViewportSize(wide.viewport);
    },
    3 * WITHIN_MS,
  );

  it(
    "asks before it is left with something unsent, sends it after a reload, and keeps a change that found no way or was refused",
    async () => {
      await beginChange(hers, "one", "x".repeat(30_000));
      await hers.getByRole("button", { name: "Save" }).click();
      await hers.getByText("This is too long.").waitFor();
      await hers.getByRole("textbox", { name: "Edit" }).fill("one, once more");
      await hers.route("**/api/**", (route) => (route.request().method() === "GET" ? route.fallback() : route.abort()));
      await hers.getByRole("button", { name: "Save" }).click();
      await hers.getByText("There is no connection.").waitFor();
      expect(await hers.getByRole("textbox", { name: "Edit" }).inputValue()).toBe("one, once more");

      await write(hers, "en", "five");
      await hers.getByText("on its way").waitFor();
      asked.length = 0;
      await hers.reload();
      expect(asked).toEqual(["beforeunload"]);
      await hers.unroute("**/api/**");
      const arrived = async (page: Page) => (await messagesOf(page)).filter((text) => text === "five");
      for (const window of [hers, his])
        await eventually(async () => expect(await arrived(window)).toHaveLength(1), { within: WITHIN_MS });
      expect(await hers.getByRole("textbox", { name: "Edit" }).inputValue()).toBe("one, once more");
    },
    3 * WITHIN_MS,
  );

  it(
    "leaves nothing that was begun to who signs in next in the same window",
    async () => {
      await hers.getByLabel("Message", { exact: true }).fill("to be sent once more");
      const kept = () => hers.evaluate(() => JSON.stringify(sessionStorage));
      expect((await kept()).match(/once more/g)).toHaveLength(2);
      await hers.getByRole("button", { name: "Sign out" }).click();
      await hers.getByLabel("E-mail").waitFor();
      expect(await kept()).not.toMatch(/once more/);
    },
    3 * WITHIN_MS,
  );
});

/** Opens a message's text to be changed, and writes another one there. */
async function beginChange(page: Page, message: string, text: string): Promise<void> {
  const begun = page.getByRole("article").filter({ hasText: message });
  await begun.hover();
  await begun.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Edit" }).fill(text);
}

const file = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

/** Presses Tab until the focus is there. */
async function tabTo(place: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let stops = 0; stops < MAX_STOPS; stops += 1) {
    await place.page().keyboard.press(key);
    if (await hasFocus(place)) return;
  }
  throw new Error(`no ${key} led to ${place.toString()}`);
}

const hasFocus = (place: Locator): Promise<boolean> => place.evaluate((element) => element === document.activeElement);

async function expectFocus(place: Locator): Promise<void> {
  await place.waitFor();
  await eventually(async () => expect(await hasFocus(place)).toBe(true), { within: WITHIN_MS });
}

async function expectMessages(page: Page, texts: readonly string[]): Promise<void> {
  await eventually(async () => expect(await messagesOf(page)).toEqual(texts), { within: WITHIN_MS });
}
