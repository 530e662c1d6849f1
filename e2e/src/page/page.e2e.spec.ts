import { beforeAll, expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { barriersOn } from "./barriers.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { besideBubble, dragOver, paste, pictureShows, saved, scrollPast } from "./files.ts";
import { makePng } from "./picture.ts";
import { answerFirst, messagesOf, openChat, signUp, startChat, startGroup, write, writeWithoutPage } from "./people.ts";

/** Shown as a page of ours it would speak for whoever looks at it. */
const program = `<svg xmlns="http://www.w3.org/2000/svg"><script>console.error("it runs")</script></svg>`;

describeWithBrowser("the page", (newPerson) => {
  const chat = useChat();
  let alice: Person;
  let boris: Person;
  let hers: Page;
  let his: Page;

  beforeAll(async () => {
    alice = await newPerson(chat.url, wide);
    boris = await newPerson(chat.url, narrow);
    [hers, his] = await Promise.all([alice.openWindow(), boris.openWindow()]);
  }, 3 * WITHIN_MS);

  it(
    "lets two people find and write to each other, each in a language of his own",
    async () => {
      expect(await barriersOn(hers)).toEqual([]);
      await signUp(hers, "en", "Alice", "alice@example.com");
      await signUp(his, "ru", "Борис", "boris@example.com");
      await startChat(hers, "en", "Борис");
      await write(hers, "en", "Hello!");
      await write(hers, "en", "How are you?");

      await his.getByText("непрочитанных").waitFor({ state: "attached" });
      expect(await barriersOn(his)).toEqual([]);
      await openChat(his, "Alice");
      await write(his, "ru", "Привет!");
      const said = ["Hello!", "How are you?", "Привет!"];
      await eventually(async () => expect(await messagesOf(hers)).toEqual(said), { within: WITHIN_MS });
      await eventually(async () => expect(await messagesOf(his)).toEqual(said), { within: WITHIN_MS });
      expect(await barriersOn(hers)).toEqual([]);
      expect(await barriersOn(his)).toEqual([]);
      const colourAt = async (page: Page, place: string): Promise<string | undefined> =>
        /colour-\d/.exec((await page.locator(`${place} .avatar`).getAttribute("class")) ?? "")?.[0];
      for (const [one, other] of [
        [hers, his],
        [his, hers],
      ] as const) {
        const colour = await colourAt(one, ".chat-list header");
        expect(colour).toBeDefined();
        for (const place of [".chat-row", ".conversation-head"]) expect(await colourAt(other, place)).toBe(colour);
      }
    },
    3 * WITHIN_MS,
  );

  it(
    "shows who is there, who types and who has read",
    async () => {
      await hers.locator(".conversation-head").getByText("online").waitFor();
      const typing = hers.locator(".conversation-head").getByText("Борис is typing…");
      // Who has just sent something is told of again a second later.
      await eventually(
        async () => {
          await his.getByLabel("Сообщение", { exact: true }).pressSequentially("hm");
          expect(await typing.isVisible()).toBe(true);
        },
        { within: WITHIN_MS },
      );
      await hers.getByRole("log").getByText("read by all").last().waitFor({ state: "attached" });
    },
    3 * WITHIN_MS,
  );

  it(
    "changes and takes back what was said, in every window",
    async () => {
      const second = await alice.openWindow();
      await openChat(second, "Борис");
      const first = hers.getByRole("article").filter({ hasText: "Hello!" });
      await first.hover();
      await first.getByRole("button", { name: "Edit" }).click();
      await hers.getByRole("textbox", { name: "Edit" }).fill("Hello there!");
      await hers.getByRole("button", { name: "Save" }).click();
      const question = second.getByRole("article").filter({ hasText: "How are you?" });
      await question.hover();
      await question.getByRole("button", { name: "Delete" }).click();
      expect(await barriersOn(second)).toEqual([]);
      await question
        .getByRole("group", { name: "Delete it for everybody?" })
        .getByRole("button", { name: "Yes" })
        .click();

      const english = ["Hello there!", "This message was deleted.", "Привет!"];
      for (const window of [hers, second])
        await eventually(async () => expect(await messagesOf(window)).toEqual(english), { within: WITHIN_MS });
      const russian = ["Hello there!", "Сообщение удалено.", "Привет!"];
      await eventually(async () => expect(await messagesOf(his)).toEqual(russian), { within: WITHIN_MS });
      await second.close();
    },
    3 * WITHIN_MS,
  );

  it(
    "takes files that are dropped, pasted or chosen, shows pictures, and gives everything to others as it was",
    async () => {
      const photo = { name: "photo.png", mimeType: "image/png", buffer: makePng(300, 200) };
      const pasted = { name: "image.png", mimeType: "image/png", buffer: makePng(20, 20) };
      const other = { name: "other.txt", mimeType: "text/plain", buffer: Buffer.from("and this") };
      const notes = { name: "заметки.txt", mimeType: "text/plain", buffer: Buffer.from("Не забыть! ".repeat(10_000)) };
      const drawing = { name: "drawing.svg", mimeType: "image/svg+xml", buffer: Buffer.from(program) };
      const { drop } = await dragOver(hers, hers.getByRole("region", { name: "Борис" }), photo);
      await hers.getByText("Drop files here").waitFor();
      await drop();
      await paste(hers, hers.getByLabel("Message", { exact: true }), [pasted, other]);
      await hers.locator("input[type=file]").setInputFiles([notes, drawing]);
      const chosen = hers.getByRole("group", { name: "Files to send" });
      await chosen.getByRole("button", { name: "Discard image.png" }).click();
      await eventually(async () => expect(await chosen.getByRole("listitem").count()).toBe(4), { within: WITHIN_MS });
      expect(await barriersOn(hers)).toEqual([]);
      await write(hers, "en", "Look at this");

      const message = his.getByRole("article").filter({ hasText: "Look at this" });
      const preview = message.getByRole("button", { name: "Открыть картинку photo.png" });
      // It is fetched when it comes into sight.
      await preview.scrollIntoViewIfNeeded();
      await pictureShows(preview.locator("img"));
      for (const { name, buffer } of [photo, other, notes, drawing]) {
        const file = await saved(his, message.getByRole("button", { name: `Скачать ${name}` }));
        expect([file.name, file.bytes.equals(buffer)]).toEqual([name, true]);
      }
      expect(await message.getByRole("button", { name: "Открыть картинку" }).count()).toBe(1);
      expect(await barriersOn(his)).toEqual([]);
      // The list of chats stands beside the conversation and leaves it little.
      for (const width of [740, 768]) {
        await his.setViewportSize({ width, height: narrow.viewport.height });
        expect(await besideBubble(message)).toEqual([]);
      }
      await his.setViewportSize(narrow.viewport);
      expect(await besideBubble(message)).toEqual([]);
      await preview.click();
      await pictureShows(his.getByRole("dialog").getByRole("img", { name: "photo.png" }));
      expect(await barriersOn(his)).toEqual([]);
      await his.keyboard.press("Escape");
    },
    3 * WITHIN_MS,
  );

  it(
    "has room on a telephone for a file with a long name and for all the lines of a message that is changed",
    async () => {
      const name = `${"очень-длинное-название-".repeat(6)}.txt`;
      await his.locator("input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from("x") });
      const discard = his.getByRole("button", { name: `Убрать ${name}` });
      for (const button of [discard, his.getByRole("button", { name: "Отправить", exact: true })]) {
        const seen = await button.boundingBox();
        expect((seen?.x ?? Infinity) + (seen?.width ?? 0)).toBeLessThanOrEqual(narrow.viewport.width);
        expect(seen?.width).toBeGreaterThanOrEqual(24);
      }
      await discard.click();
      const changed = his.getByRole("article").filter({ hasText: "Привет!" });
      await changed.hover();
      await changed.getByRole("button", { name: "Изменить" }).click();
      const field = his.getByRole("textbox", { name: "Изменить" });
      await field.fill("Привет!\n".repeat(6));
      expect(await field.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)).toBe(0);
      expect(await barriersOn(his)).toEqual([]);
      await field.press("Escape");
    },
    3 * WITHIN_MS,
  );

  it(
    "shows people's pictures, and what a message answers",
    async () => {
      await hers.getByRole("button", { name: "Your profile" }).click();
      await hers
        .getByRole("dialog")
        .locator("input[type=file]")
        .setInputFiles({
          ...{ name: "me.png", mimeType: "image/png" },
          buffer: makePng(300, 200),
        });
      await pictureShows(hers.getByRole("dialog").locator(".avatar img"));
      expect(await barriersOn(hers)).toEqual([]);
      await hers.keyboard.press("Escape");
      await pictureShows(his.locator(".conversation-head .avatar img"));

      const answered = hers.getByRole("article").filter({ hasText: "Привет!" });
      const field = hers.getByLabel("Message", { exact: true });
      const answering = hers.getByRole("group", { name: "Answer to" });
      await answered.hover();
      await answered.getByRole("button", { name: "Reply" }).click();
      await answering.getByText("Привет!").waitFor();
      await field.press("Escape");
      await answering.waitFor({ state: "detached" });
      await answered.hover();
      await answered.getByRole("button", { name: "Reply" }).click();
      await write(hers, "en", "Nice to meet you");
      const answer = his.getByRole("article").filter({ hasText: "Nice to meet you" });
      await answer.getByRole("button", { name: "Привет!" }).waitFor();
      await answer.hover();
      await answer.getByRole("button", { name: "Ответить" }).click();
      await write(his, "ru", "Взаимно (https://example.org/?a=1&b=%3Ci%3E).<i>");
      await his.getByRole("article").filter({ hasText: "Взаимно" }).getByText("Nice to meet you").waitFor();
      const link = hers.getByRole("article").getByRole("link", { name: "https://example.org/?a=1&b=%3Ci%3E" });
      await link.waitFor();
      const said = await link.evaluate((a) => [a.textContent, a.getAttribute("href"), a.getAttribute("rel")]);
      const address = "https://example.org/?a=1&b=%3Ci%3E";
      expect(said).toEqual([address, address, "noopener noreferrer nofollow"]);
      expect(await barriersOn(his)).toEqual([]);

      await hers.getByRole("button", { name: "Your profile" }).click();
      const remove = hers.getByRole("button", { name: "Delete the picture" });
      await remove.click();
      await his.locator(".conversation-head .avatar img").waitFor({ state: "detached" });
      await remove.waitFor({ state: "detached" });
      expect(await barriersOn(hers)).toEqual([]);
      await hers.keyboard.press("Escape");
    },
    3 * WITHIN_MS,
  );

  it(
    "keeps what is written while the server is gone, and has it arrive once when it is back",
    async () => {
      const { port } = new URL(await chat.url());
      await chat.kill("process and PostgreSQL");
      await hers.getByText("Connection lost.").waitFor();
      await hers
        .locator("input[type=file]")
        .setInputFiles({ name: "map.png", mimeType: "image/png", buffer: makePng(9, 9) });
      await write(hers, "en", "Are you still there?");
      await hers.getByText("on its way").waitFor();
      expect(await barriersOn(hers)).toEqual([]);
      await chat.start({ PORT: port });

      await hers.getByText("Connection lost.").waitFor({ state: "detached" });
      const arrived = async (page: Page) => (await messagesOf(page)).filter((text) => text === "Are you still there?");
      for (const window of [hers, his])
        await eventually(async () => expect(await arrived(window)).toHaveLength(1), { within: WITHIN_MS });
      await his.getByRole("button", { name: "Скачать map.png" }).waitFor();
      expect(await his.getByRole("button", { name: "Скачать map.png" }).count()).toBe(1);
    },
    4 * WITHIN_MS,
  );

  it(
    "goes back in time while one scrolls",
    async () => {
      const lines = Array.from({ length: 130 }, (_, index) => `line ${String(index + 1)}`);
      await writeWithoutPage(await chat.url(), "alice@example.com", lines);
      await his.getByRole("log").getByText("line 130", { exact: true }).waitFor();
      const later = await boris.openWindow();
      await openChat(later, "Alice");
      await later.getByRole("log").getByText("line 130", { exact: true }).waitFor();
      await eventually(
        async () => {
          await later.getByRole("log").evaluate((log) => (log.scrollTop = 0));
          expect((await messagesOf(later))[0]).toBe("Hello there!");
        },
        { within: WITHIN_MS },
      );
      expect((await messagesOf(later)).slice(-130)).toEqual(lines);
    },
    4 * WITHIN_MS,
  );

  it(
    "leads to what a message answers, however far back that is, and fetches pictures shortly before they are seen",
    async () => {
      await answerFirst(await chat.url(), "alice@example.com", "That was the beginning");
      const later = await boris.openWindow();
      await openChat(later, "Alice");
      const answer = later.getByRole("article").filter({ hasText: "That was the beginning" });
      await answer.getByRole("button", { name: "Более раннее сообщение" }).click();
      const reached = later.locator("article:focus");
      await reached.getByText("Hello there!", { exact: true }).waitFor();
      const [seen, list] = [await reached.boundingBox(), await later.getByRole("log").boundingBox()];
      expect(seen?.y).toBeGreaterThanOrEqual(list?.y ?? Infinity);
      expect(seen?.y).toBeLessThan((list?.y ?? 0) + (list?.height ?? 0));
      expect((await messagesOf(later))[0]).toBe("Hello there!");
      await answer.getByRole("button", { name: "Hello there!" }).waitFor();

      const preview = later.getByRole("button", { name: "Открыть картинку photo.png" });
      await scrollPast(preview, 1_000);
      await preview.locator("img").waitFor({ state: "detached" });
      await scrollPast(preview, 100);
      await preview.locator("img").waitFor({ state: "attached" });
      await later.close();
    },
    3 * WITHIN_MS,
  );

  it(
    "changes a group's picture and takes it away, for every member, by the button that its owner alone has",
    async () => {
      const vera = await newPerson(chat.url, wide);
      const window = await vera.openWindow();
      await signUp(window, "en", "Vera Green", "vera@example.com");
      await startGroup(window, "en", "Garden Club", ["Alice", "Борис"]);
      const members = window.getByRole("button", { name: "3 members" });
      const people = window.getByRole("dialog", { name: "Members" }).getByRole("listitem");
      await members.press("Enter");
      const everybody = ["Vera Green You Owner", "Alice online", "Борис online"];
      const shown = () =>
        people.evaluateAll((items) =>
          items.map((item) =>
            Array.from(item.querySelectorAll(".person-name, .hint"), (it) => it.textContent).join(" "),
          ),
        );
      await eventually(async () => expect(await shown()).toEqual(everybody), { within: WITHIN_MS });
      expect(await barriersOn(window)).toEqual([]);
      await window.keyboard.press("Escape");
      await members.and(window.locator(":focus")).waitFor();
      expect(await barriersOn(window)).toEqual([]);
      await his.goBack();
      await openChat(his, "Garden");
      const button = window.getByRole("button", { name: "Name and picture of the group" });
      const dialog = window.getByRole("dialog", { name: "Name and picture of the group" });
      const refusal = dialog.getByText("This is no picture that can be used.");
      const choose = (buffer: Buffer) =>
        dialog.locator("input[type=file]").setInputFiles({ name: "garden.png", mimeType: "image/png", buffer });
      await button.click();
      await choose(Buffer.from("no picture"));
      await refusal.waitFor();
      expect(await barriersOn(window)).toEqual([]);
      await choose(makePng(300, 200));
      await refusal.waitFor({ state: "detached" });
      await pictureShows(dialog.locator(".avatar img"));
      expect(await barriersOn(window)).toEqual([]);

      const garden = hers.getByRole("navigation").getByRole("button", { name: "Garden" });
      const ofOthers = [his.locator(".conversation-head .avatar img"), garden.locator(".avatar img")];
      for (const picture of ofOthers) await pictureShows(picture);
      expect(await his.getByRole("button", { name: "Название и картинка группы" }).count()).toBe(0);
      const remove = dialog.getByRole("button", { name: "Delete the picture" });
      await remove.press("Enter");
      for (const picture of ofOthers) await picture.waitFor({ state: "detached" });
      await remove.waitFor({ state: "detached" });
      await dialog.getByRole("button", { name: "Choose a picture" }).and(window.locator(":focus")).waitFor();
      await window.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      expect(await button.locator("img").count()).toBe(0);
      // Chromium tells of each answer that is a refusal.
      expect(vera.complaints()).toEqual([expect.stringContaining("422")]);
      await window.close();
    },
    3 * WITHIN_MS,
  );

  it(
    "has its documents beside it",
    async () => {
      const url = await chat.url();
      const page = await alice.openWindow();
      await page.goto(`${url}/docs`);
      await page.getByText("/chats/{chat_id}/messages").first().waitFor();
      await page.goto(`${url}/redoc`);
      const call = page.getByRole("heading", { name: "Make an account" }).first();
      await call.waitFor();
      expect(await call.isVisible()).toBe(true);
      await page.close();
    },
    3 * WITHIN_MS,
  );

  it("has complained of nothing, and asked nobody else for anything", () => {
    expect([...alice.complaints(), ...boris.complaints()]).toEqual([]);
  });
});
