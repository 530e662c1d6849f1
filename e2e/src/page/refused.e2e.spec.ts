import { beforeAll, expect, it } from "@jest/globals";
import type { Locator, Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { barriersOn } from "./barriers.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { changeMember, messagesOf, openChat, signUp, startGroup, write } from "./people.ts";

/** Where messages are sent to, and nothing else is. */
const SENDING = "**/api/chats/*/messages";
const UPLOADING = "**/api/messages/*/files";
const FILE_MAX_BYTES = 30_000;

describeWithBrowser("the page, of what is not sent or said twice", (newPerson) => {
  const chat = useChat({ FILE_MAX_BYTES: String(FILE_MAX_BYTES) });
  let ben: Person;
  let hers: Page;
  let his: Page;
  /** What his window asked before it did as it was told. */
  const asked: string[] = [];

  beforeAll(async () => {
    const ann = await newPerson(chat.url, wide);
    ben = await newPerson(chat.url, wide);
    [hers, his] = await Promise.all([ann.openWindow(), ben.openWindow()]);
    his.on("dialog", (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await signUp(hers, "en", "Ann", "ann@example.com");
    await signUp(his, "en", "Ben", "ben@example.com");
    const cleo = await newPerson(chat.url, wide);
    await signUp(await cleo.openWindow(), "en", "Cleo", "cleo@example.com");
    await startGroup(hers, "en", "Garden", ["Ben", "Cleo"]);
    await openChat(his, "Garden");
  }, 4 * WITHIN_MS);

  const composer = () => his.getByLabel("Message", { exact: true });
  const refused = () => his.getByRole("region", { name: "Not sent" });

  it(
    "refuses a text that is too long where it is written, by the server's measure, and keeps it across a reload",
    async () => {
      const longest = "я".repeat(8_192);
      await write(his, "en", `${longest}я`);
      await his.getByText("This is too long by 1 character.").waitFor();
      expect(await composer().inputValue()).toBe(`${longest}я`);
      expect(await his.getByRole("button", { name: "Send", exact: true }).isDisabled()).toBe(true);
      expect(await barriersOn(his)).toEqual([]);
      await his.reload();
      await his.getByText("This is too long by 1 character.").waitFor();
      expect([await composer().inputValue(), asked]).toEqual([`${longest}я`, []]);
      await write(his, "en", longest);
      await eventually(async () => expect(await messagesOf(hers)).toEqual([longest]), { within: WITHIN_MS });
    },
    3 * WITHIN_MS,
  );

  it(
    "leaves out a file that is larger than this server takes where it is chosen, and says how large one may be",
    async () => {
      const file = (name: string, size: number) => ({ name, mimeType: "text/plain", buffer: Buffer.alloc(size, "a") });
      await his
        .locator(".composer input[type=file]")
        .setInputFiles([file("largest.txt", FILE_MAX_BYTES), file("film.txt", FILE_MAX_BYTES + 1)]);
      await his.getByText("A file can be sent that has at most 30 kB.").waitFor();
      const discards = his.getByRole("button", { name: "Discard" });
      expect(await discards.evaluateAll((buttons) => buttons.map(({ ariaLabel }) => ariaLabel))).toEqual([
        "Discard largest.txt",
      ]);
      expect(await barriersOn(his)).toEqual([]);
      await write(his, "en", "the largest");
      await hers.getByRole("button", { name: "Download largest.txt" }).waitFor();
    },
    3 * WITHIN_MS,
  );

  it(
    "says what was not sent to a chat in which one is no more, whatever is open and across a reload, until one has decided",
    async () => {
      const why = () => refused().getByText("Garden: not sent. You are not in this chat any more.");
      await holdBack(his);
      await write(his, "en", "important text written offline");
      await his.getByText("on its way").waitFor();
      await changeMember(await chat.url(), "ann@example.com", "remove", await idOf(his));
      await his.getByRole("navigation").getByRole("button", { name: "Garden" }).waitFor({ state: "detached" });
      await his.unroute(SENDING);
      await why().waitFor();
      await his.setViewportSize(narrow.viewport);
      expect(await barriersOn(his)).toEqual([]);
      await his.setViewportSize(wide.viewport);
      expect(await barriersOn(his)).toEqual([]);
      await his.reload();
      expect(asked).toEqual(["beforeunload"]);
      await why().waitFor();
      await his.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await refused().getByRole("button", { name: "Copy the text" }).click();
      await eventually(
        async () => expect(await his.evaluate(() => navigator.clipboard.readText())).toMatch(/^important text/),
        { within: WITHIN_MS },
      );

      // Who is let in again can go on with it.
      await changeMember(await chat.url(), "ann@example.com", "add", await idOf(his));
      await openChat(his, "Garden");
      await composer().fill("Once more:");
      await refused().getByRole("button", { name: "Edit" }).click();
      await refused().waitFor({ state: "detached" });
      expect(await composer().inputValue()).toBe("Once more:\nimportant text written offline");
      await composer().press("Enter");
      await saying(hers, "important text written offline").waitFor();
      await his.getByText("on its way").waitFor({ state: "detached" });
      await his.reload();
      await his.getByRole("log").getByText("important text").waitFor();
      expect([await refused().count(), asked]).toEqual([0, ["beforeunload"]]);
    },
    4 * WITHIN_MS,
  );

  it(
    "says it of a file too whose message had arrived, until one has let it go",
    async () => {
      await holdBack(his, UPLOADING);
      await his.locator(".composer input[type=file]").setInputFiles({
        ...{ name: "plan.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7 of nothing") },
      });
      await write(his, "en", "here is the plan");
      await saying(hers, "here is the plan").waitFor();
      await changeMember(await chat.url(), "ann@example.com", "remove", await idOf(his));
      await his.getByRole("status").getByText("any more").waitFor();
      await his.unroute(UPLOADING);
      await refused().getByText("Garden: not sent. You are not in this chat any more.").waitFor();
      await refused().getByText("plan.pdf").waitFor();
      expect(await barriersOn(his)).toEqual([]);
      await refused().getByRole("button", { name: "Discard plan.pdf" }).click();
      await refused().waitFor({ state: "detached" });
      await changeMember(await chat.url(), "ann@example.com", "add", await idOf(his));
      await openChat(his, "Garden");
    },
    3 * WITHIN_MS,
  );

  it(
    "hides nothing behind what was refused, and tells as read only what was in sight",
    async () => {
      await holdBack(his);
      await write(his, "en", "refused line\n".repeat(80));
      await his.getByText("on its way").waitFor();
      await changeMember(await chat.url(), "ann@example.com", "remove", await idOf(his));
      await his.getByRole("navigation").getByRole("button", { name: "Garden" }).waitFor({ state: "detached" });
      await his.unroute(SENDING);
      await refused().waitFor();
      await changeMember(await chat.url(), "ann@example.com", "add", await idOf(his));
      await openChat(his, "Garden");
      await write(his, "en", "written after it");
      await expectInSight(saying(his, "written after it"));
      await write(hers, "en", "heard after it");
      await expectInSight(saying(his, "heard after it"));
      await saying(hers, "heard after it").getByText("read by 1").waitFor({ state: "attached" });
      expect(await barriersOn(his)).toEqual([]);
      await refused().getByRole("button", { name: "Discard" }).click();
      await refused().waitFor({ state: "detached" });
      await eventually(async () => expect(await hasFocus(composer())).toBe(true), { within: WITHIN_MS });

      const told: string[] = [];
      his.on("request", (request) => told.push(new URL(request.url()).pathname));
      const readsTold = () => told.filter((path) => path.endsWith("/read"));
      await holdBack(his);
      await write(his, "en", "waiting line\n".repeat(80));
      await his.getByText("on its way").waitFor();
      await write(hers, "en", "above what waits");
      const toNew = his.getByRole("button", { name: "New messages" });
      await toNew.waitFor();
      expect(readsTold()).toEqual([]);
      await toNew.click();
      await expectInSight(saying(his, "above what waits"));
      await saying(hers, "above what waits").getByText("read by 1").waitFor({ state: "attached" });
      expect(readsTold()).toHaveLength(1);
      await his.unroute(SENDING);
      await his.getByText("on its way").waitFor({ state: "detached" });
    },
    4 * WITHIN_MS,
  );

  it(
    "says in a change that is under way that the message was changed meanwhile; Enter saves there as it sends elsewhere",
    async () => {
      const second = await ben.openWindow();
      await openChat(second, "Garden");
      await write(his, "en", "from O");
      await beginChange(second, "from O");
      const change = second.getByRole("textbox", { name: "Edit" });
      const hint = second.getByText("The message was changed meanwhile");
      await change.press("Shift+Enter");
      await change.pressSequentially("and Q");
      expect([await change.inputValue(), await hint.count()]).toEqual(["from O\nand Q", 0]);

      await beginChange(his, "from O");
      await his.getByRole("textbox", { name: "Edit" }).fill("from P");
      await his.getByRole("textbox", { name: "Edit" }).press("Enter");
      await saying(his, "from P").waitFor();
      await hint.waitFor();
      await second.getByText("from P", { exact: true }).waitFor();
      expect(await barriersOn(second)).toEqual([]);
      await second.reload();
      await hint.waitFor();
      expect(await change.inputValue()).toBe("from O\nand Q");
      await second.getByRole("button", { name: "Save mine instead" }).click();
      for (const window of [his, hers])
        await eventually(async () => expect((await messagesOf(window)).at(-1)).toBe("from O\nand Q"), {
          within: WITHIN_MS,
        });
      await second.close();
    },
    3 * WITHIN_MS,
  );
});

/** What is written is kept from leaving, though all else works. */
async function holdBack(page: Page, where = SENDING): Promise<void> {
  await page.route(where, (route) => (route.request().method() === "POST" ? route.abort() : route.fallback()));
}

const idOf = (page: Page): Promise<string> =>
  page.evaluate(() => (JSON.parse(localStorage.getItem("chat.account") ?? "") as { readonly userId: string }).userId);

const saying = (page: Page, text: string): Locator => page.getByRole("article").filter({ hasText: text });

async function beginChange(page: Page, message: string): Promise<void> {
  await saying(page, message).hover();
  await saying(page, message).getByRole("button", { name: "Edit" }).click();
}

/** All of it, in the place where messages are, but for what a browser rounds. */
async function expectInSight(message: Locator): Promise<void> {
  await eventually(
    async () => {
      const [seen, list] = [await message.boundingBox(), await message.page().getByRole("log").boundingBox()];
      expect(seen?.y).toBeGreaterThanOrEqual(list?.y ?? Infinity);
      expect((seen?.y ?? Infinity) + (seen?.height ?? 0)).toBeLessThanOrEqual((list?.y ?? 0) + (list?.height ?? 0) + 1);
    },
    { within: WITHIN_MS },
  );
}

const hasFocus = (place: Locator): Promise<boolean> => place.evaluate((element) => element === document.activeElement);
