import { beforeAll, expect, it } from "@jest/globals";
import type { Locator, Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { barriersOn } from "./barriers.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { openChat, signUp, startGroup } from "./people.ts";

describeWithBrowser("the members of a group", (newPerson) => {
  const chat = useChat();
  const everybody: Person[] = [];
  let ann: Page;
  let ben: Page;
  let cleo: Page;

  async function join(options: typeof wide | typeof narrow, language: "en" | "ru", name: string): Promise<Page> {
    const person = await newPerson(chat.url, options);
    everybody.push(person);
    const page = await person.openWindow();
    await signUp(page, language, name, `person${String(everybody.length)}@example.com`);
    return page;
  }

  beforeAll(async () => {
    ben = await join(narrow, "ru", "Ben");
    cleo = await join(wide, "en", "Cleo");
    ann = await join(wide, "en", "Somebody new");
    await startGroup(ann, "en", "Untitled", ["Ben", "Cleo"]);
    for (const page of [ben, cleo]) await openChat(page, "Untitled");
  }, 4 * WITHIN_MS);

  it(
    "see at once how their group, or one of them, is called now",
    async () => {
      const rename = async (opens: string, field: string, name: string): Promise<void> => {
        await ann.getByRole("button", { name: opens }).click();
        const dialog = ann.getByRole("dialog", { name: opens });
        expect(await dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
        await dialog.getByLabel(field, { exact: true }).fill(` ${name} `);
        await dialog.getByLabel(field, { exact: true }).press("Enter");
        await dialog.getByRole("heading", { name, exact: true }).waitFor();
        expect(await barriersOn(ann)).toEqual([]);
        await dialog.getByRole("button", { name: "Save" }).press("Enter");
        await dialog.getByRole("button", { name: "Save" }).and(ann.locator(":focus")).waitFor();
        await ann.keyboard.press("Escape");
      };
      await rename("Name and picture of the group", "Name of the group", "Alpha");
      for (const page of [ben, cleo]) await page.getByRole("heading", { name: "Alpha", level: 1 }).waitFor();
      await rename("Your profile", "Name", "Ann");
      const dialog = await openMembers(cleo, 3);
      await eventually(async () => expect(await namesIn(dialog)).toEqual(["Cleo", "Ann", "Ben"]), {
        within: WITHIN_MS,
      });
      await cleo.keyboard.press("Escape");
    },
    3 * WITHIN_MS,
  );

  it(
    "are taken out by who may, when asked once more: each hears where he is no more, and has the focus where he goes on",
    async () => {
      await membersButton(cleo, 3).click();
      const dialog = await openMembers(ann, 3);
      await dialog.getByRole("button", { name: "Remove Cleo from the group" }).click();
      await dialog.getByRole("button", { name: "No" }).and(ann.locator(":focus")).waitFor();
      expect(await barriersOn(ann)).toEqual([]);
      await ann.keyboard.press("Escape");
      const remove = dialog.getByRole("button", { name: "Remove Cleo from the group" }).and(ann.locator(":focus"));
      await remove.press("Enter");
      await dialog.getByRole("button", { name: "Yes" }).press("Enter");
      await eventually(async () => expect(await namesIn(dialog)).toEqual(["Ann", "Ben"]), { within: WITHIN_MS });
      await dialog.getByRole("list").and(ann.locator(":focus")).waitFor();

      await cleo.getByRole("status").getByText("any more").waitFor();
      expect(await cleo.getByRole("status").allInnerTexts()).toEqual(["You are not in “\u2068Alpha\u2069” any more."]);
      await cleo.getByRole("navigation").and(cleo.locator(":focus")).waitFor();
      expect(await cleo.getByRole("dialog").count()).toBe(0);
      expect(await barriersOn(cleo)).toEqual([]);
    },
    3 * WITHIN_MS,
  );

  it(
    "are added among all who can be found, those who are in cannot be chosen, and two of one name are told apart",
    async () => {
      await join(wide, "en", "Cleo");
      await ann.getByRole("dialog").getByRole("button", { name: "Add people" }).click();
      const dialog = ann.getByRole("dialog", { name: "Add people" });
      const boxes = dialog.getByRole("checkbox", { name: "Cleo" });
      await eventually(async () => expect(await boxes.count()).toBe(2), { within: WITHIN_MS });
      expect(await dialog.getByRole("checkbox", { name: "Ben" }).isDisabled()).toBe(true);
      const hints = await dialog.locator(".person:has-text('Cleo') .hint").allInnerTexts();
      expect(new Set(hints).size).toBe(2);
      expect(await barriersOn(ann)).toEqual([]);
      await boxes.first().check();
      await dialog.getByRole("button", { name: "Add", exact: true }).click();
      const members = ann.getByRole("dialog", { name: "Members" });
      await eventually(async () => expect(await namesIn(members)).toEqual(["Ann", "Ben", "Cleo"]), {
        within: WITHIN_MS,
      });
      // It comes back to the list, and is opened by nobody but her.
      await cleo.getByRole("navigation").getByRole("button", { name: "Alpha" }).waitFor();
      await cleo.getByRole("navigation").and(cleo.locator(":focus")).waitFor();
      expect(await cleo.getByRole("heading", { name: "Alpha", level: 1 }).count()).toBe(0);
      expect(await cleo.getByText("any more").count()).toBe(0);
      await openChat(cleo, "Alpha");
      await cleo.getByRole("heading", { name: "Alpha", level: 1 }).waitFor();
    },
    3 * WITHIN_MS,
  );

  it(
    "have a role that an owner gives them: the last one leaves when somebody else is one, and who is one may delete the group",
    async () => {
      const dialog = ann.getByRole("dialog", { name: "Members" });
      const leave = async (): Promise<void> => {
        await dialog.getByRole("button", { name: "Leave the group" }).click();
        await dialog.getByRole("button", { name: "Yes" }).click();
      };
      const his = await openMembers(ben, 3, "ru");
      expect(await his.getByRole("combobox").count()).toBe(0);
      expect(await his.getByRole("button", { name: /Удалить|Добавить/ }).count()).toBe(0);
      await leave();
      await dialog.getByText("Make somebody else an owner first.").waitFor();
      expect(await barriersOn(ann)).toEqual([]);
      await dialog.getByLabel("Role of Ben").selectOption("owner");
      await his.getByLabel("Роль: Cleo").waitFor();
      expect(await barriersOn(ben)).toEqual([]);
      await leave();
      await ann.getByRole("status").getByText("Alpha").waitFor();
      await eventually(async () => expect(await namesIn(his)).toEqual(["Ben", "Cleo"]), { within: WITHIN_MS });
      await his.getByRole("button", { name: "Удалить группу" }).click();
      await his.getByRole("button", { name: "Да", exact: true }).click();
      for (const page of [ben, cleo]) await page.getByRole("status").getByText("Alpha").waitFor();
      expect(await cleo.getByRole("navigation").getByRole("button", { name: "Alpha" }).count()).toBe(0);
      // Chromium tells of each answer that is a refusal.
      expect(everybody.flatMap((person) => person.complaints())).toEqual([expect.stringContaining("409")]);
    },
    3 * WITHIN_MS,
  );
});

const membersButton = (page: Page, count: number, language: "en" | "ru" = "en"): Locator =>
  page.getByRole("button", { name: language === "en" ? `${String(count)} members` : `${String(count)} участника` });

async function openMembers(page: Page, count: number, language: "en" | "ru" = "en"): Promise<Locator> {
  await membersButton(page, count, language).click();
  const dialog = page.getByRole("dialog", { name: language === "en" ? "Members" : "Участники" });
  await dialog.getByRole("listitem").first().waitFor();
  return dialog;
}

const namesIn = (dialog: Locator): Promise<readonly string[]> => dialog.locator(".person-name").allInnerTexts();
