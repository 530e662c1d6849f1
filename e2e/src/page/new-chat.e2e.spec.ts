import { beforeAll, expect, it } from "@jest/globals";
import type { Locator, Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { barriersOn } from "./barriers.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { messagesOf, openChat, signUp, startChat, write } from "./people.ts";

/** As long as a name may be, and without a place to break it. */
const LONG = "Ж".repeat(100);
/** U+202E turns round all that follows it, where nothing holds it. */
const MIRRORED = "Eve\u202Eevil";
const HEBREW = "שלום, hello 1.";

describeWithBrowser("a new chat, whoever is in it", (newPerson) => {
  const chat = useChat();
  let anna: Person;
  let long: Person;
  let hers: Page;
  let his: Page;
  let eve: Page;

  beforeAll(async () => {
    anna = await newPerson(chat.url, wide);
    long = await newPerson(chat.url, { ...narrow, viewport: { width: 360, height: 740 } });
    [hers, his] = await Promise.all([anna.openWindow(), long.openWindow()]);
    await signUp(hers, "en", "Anna", "анна@x.org");
    await signUp(his, "ru", LONG, "long@example.com");
    eve = await (await newPerson(chat.url, wide)).openWindow();
    await signUp(eve, "en", MIRRORED, "eve@example.com");
  }, 4 * WITHIN_MS);

  it(
    "makes one group of one wish, pressed twice or asked again when its answer was lost, and another one of another name",
    async () => {
      const keys: string[] = [];
      const answers: ((isLost: boolean) => void)[] = [];
      await hers.route("**/api/chats", async (route) => {
        if (route.request().method() !== "POST") return route.fallback();
        const isLost = await new Promise<boolean>((resolve) => {
          answers.push(resolve);
          keys.push(route.request().headers()["idempotency-key"] ?? "none");
        });
        const response = await route.fetch();
        return isLost ? route.abort("connectionreset") : route.fulfill({ response });
      });
      const dialog = hers.getByRole("dialog", { name: "New chat" });
      const start = async ({ isLost }: { readonly isLost: boolean }): Promise<void> => {
        await dialog.getByRole("button", { name: "Start" }).dblclick();
        await dialog
          .getByRole("button", { name: "Start", disabled: true })
          .and(hers.locator("[aria-busy=true]"))
          .waitFor();
        await eventually(() => expect(answers.length).toBeGreaterThan(0), { within: WITHIN_MS });
        for (const answer of answers.splice(0)) answer(isLost);
      };
      const choose = async (name: string): Promise<void> => {
        await hers.getByRole("button", { name: "New chat" }).click();
        for (const person of [LONG, "Eve"]) await dialog.getByRole("checkbox", { name: person }).check();
        await dialog.getByLabel("Name of the group").fill(name);
      };
      await choose("Once");
      await start({ isLost: true });
      await dialog.getByText("There is no connection.").waitFor();
      await dialog.getByRole("button", { name: "Start", disabled: false }).and(hers.locator(":focus")).waitFor();
      expect(await barriersOn(hers)).toEqual([]);
      await start({ isLost: false });
      await hers.getByRole("heading", { name: "Once" }).waitFor();
      await choose("Twice");
      await start({ isLost: false });
      await hers.getByRole("heading", { name: "Twice" }).waitFor();
      const [once, again, other] = keys;
      expect([keys.length, again === once, other === once]).toEqual([3, true, false]);
      await hers.unrouteAll({ behavior: "wait" });
      await hers.reload();
      const groups = hers.getByRole("navigation").locator(".chat-name");
      await groups.first().waitFor();
      expect((await groups.allInnerTexts()).toSorted()).toEqual(["Once", "Twice"]);
    },
    4 * WITHIN_MS,
  );

  it(
    "has room for a name of a hundred letters, on a desk and on a telephone",
    async () => {
      await openChat(his, "Once");
      await write(his, "ru", "Кто здесь?");
      await openChat(hers, "Once");
      await eventually(async () => expect(await messagesOf(hers)).toEqual(["Кто здесь?"]), { within: WITHIN_MS });
      await expectNothingBeside(hers);
      await expectNothingBeside(his);
      await startChat(hers, "en", LONG);
      await hers.getByRole("heading", { name: LONG, level: 1 }).waitFor();
      await write(hers, "en", HEBREW);
      await his.goBack();
      await openChat(his, "Anna");
      await his.getByRole("heading", { name: "Anna", level: 1 }).waitFor();
      await typingSeen(his, "Сообщение", hers);
      await expectNothingBeside(hers);
      for (const width of [360, 1_200]) {
        await hers.setViewportSize({ width, height: 760 });
        await expectNothingBeside(hers);
        await expectSquare(hers.locator(".conversation-head .avatar"));
        if (width === 360) await hers.goBack();
        await hers.getByRole("button", { name: "New chat" }).click();
        const person = hers.getByRole("listitem").filter({ has: hers.getByRole("checkbox", { name: LONG }) });
        await person.waitFor();
        await expectSquare(person.locator(".avatar"));
        await expectNothingBeside(hers);
        expect(await barriersOn(hers)).toEqual([]);
        await hers.keyboard.press("Escape");
        await rowOf(hers, LONG).click();
      }
    },
    4 * WITHIN_MS,
  );

  it(
    "shows what is said and who says it in its own direction, and lets no name turn round what stands beside it",
    async () => {
      const preview = rowOf(hers, LONG).locator(".last-message");
      const directionOf = (place: Locator) => place.evaluate((element) => getComputedStyle(element).direction);
      await preview.getByText(HEBREW).waitFor();
      expect(await directionOf(preview)).toBe("rtl");
      expect(await directionOf(hers.getByRole("article").getByText(HEBREW))).toBe("rtl");
      const composer = hers.getByLabel("Message", { exact: true });
      await composer.fill(HEBREW);
      expect(await directionOf(composer)).toBe("rtl");
      await composer.fill("hello");
      expect(await directionOf(composer)).toBe("ltr");
      await composer.fill("");

      await openChat(eve, "Once");
      await eve.getByRole("heading", { name: "Once", level: 1 }).waitFor();
      await openChat(hers, "Once");
      await hers.getByRole("heading", { name: "Once", level: 1 }).waitFor();
      const typing = await typingSeen(eve, "Message", hers);
      const [first, last] = await typing.evaluate((line) => {
        const said = line.lastChild as Text;
        const placeOf = (at: number): number => {
          const range = document.createRange();
          range.setStart(said, at);
          range.setEnd(said, at + 1);
          return range.getBoundingClientRect().left;
        };
        return [placeOf(0), placeOf(said.length - 1)];
      });
      expect(first).toBeLessThan(last ?? 0);
    },
    3 * WITHIN_MS,
  );

  it(
    "leaves nothing that was begun in any window of who signs out in one, not even in one that was away meanwhile",
    async () => {
      const [open, away] = [await anna.openWindow(), await anna.openWindow()];
      const kept = (page: Page) => page.evaluate(() => JSON.stringify(sessionStorage));
      for (const window of [open, away]) {
        await openChat(window, "Once");
        await window.getByRole("heading", { name: "Once", level: 1 }).waitFor();
        await window.getByLabel("Message", { exact: true }).fill("between us");
        await eventually(async () => expect(await kept(window)).toMatch(/between us/), { within: WITHIN_MS });
      }
      await away.goto("about:blank");
      await hers.getByRole("button", { name: "Sign out" }).click();
      await open.getByLabel("E-mail").waitFor();
      await away.goto(await chat.url());
      await away.getByLabel("E-mail").waitFor();
      for (const window of [hers, open, away]) {
        expect(await kept(window)).not.toMatch(/between us/);
        expect(await window.evaluate(() => history.state as unknown)).toBeNull();
      }
    },
    3 * WITHIN_MS,
  );

  it(
    "leaves it to the server what an address is",
    async () => {
      await hers.getByLabel("E-mail").fill("анна@x.org ");
      await hers.getByLabel("Password").fill("password123");
      expect(await barriersOn(hers)).toEqual([]);
      await hers.getByRole("button", { name: "Sign in" }).click();
      await hers.getByRole("navigation").getByRole("button", { name: "Once" }).waitFor();
      expect([...anna.complaints(), ...long.complaints()]).toEqual([]);
    },
    3 * WITHIN_MS,
  );
});

/** By its own name alone, whoever spoke in it last. */
const rowOf = (page: Page, name: string): Locator =>
  page
    .getByRole("navigation")
    .getByRole("button")
    .filter({ has: page.locator(".chat-name").getByText(name) });

/** Whoever has just sent something is told of again a second later. */
async function typingSeen(his: Page, field: string, hers: Page): Promise<Locator> {
  const typing = hers.locator(".conversation-head").getByText("is typing…");
  await eventually(
    async () => {
      await his.getByLabel(field, { exact: true }).pressSequentially("hm");
      expect(await typing.isVisible()).toBe(true);
    },
    { within: WITHIN_MS },
  );
  return typing;
}

/** Nothing reaches out of its place: neither to scroll to, nor cut off. */
async function expectNothingBeside(page: Page): Promise<void> {
  const wider = await page.evaluate(() =>
    Array.from(
      document.querySelectorAll(
        "html, .messages, .message, .conversation-head, .conversation-head > div, .people, dialog",
      ),
    )
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ className, tagName }) => `${tagName} ${className}`),
  );
  expect(wider).toEqual([]);
}

async function expectSquare(avatar: Locator): Promise<void> {
  const seen = await avatar.boundingBox();
  expect(seen?.width).toBeGreaterThan(0);
  expect(seen?.width).toBeCloseTo(seen?.height ?? 0, 1);
}
