import { beforeAll, expect, it } from "@jest/globals";
import type { Locator, Page } from "playwright-core";
import { eventually } from "@chat/shared/testing/eventually";
import { useChat } from "../harness/embedded-chat.ts";
import { barriersOn } from "./barriers.ts";
import { describeWithBrowser, narrow, type Person, wide, WITHIN_MS } from "./browser.ts";
import { openChat, signUp, startGroup } from "./people.ts";

/** As long as a name may be, and in one piece. */
const LONG = "W".repeat(100);
const PEOPLE = "**/api/users?*";
const ADDING = "**/api/chats/*/members";

describeWithBrowser("what a dialog about a group shows is changed meanwhile", (newPerson) => {
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
    await join(wide, "en", LONG);
    ben = await join(narrow, "ru", "Ben");
    cleo = await join(wide, "en", "Cleo");
    ann = await join(wide, "en", "Ann");
    await startGroup(ann, "en", "Alpha", [LONG, "Ben", "Cleo"]);
    for (const page of [ben, cleo]) await openChat(page, "Alpha");
  }, 4 * WITHIN_MS);

  const members = () => ann.getByRole("dialog", { name: "Members" });
  const adding = () => ann.getByRole("dialog", { name: "Add people" });
  const remove = (name: string) => members().getByRole("button", { name: `Remove ${name} from the group` });
  const hasFocus = (place: Locator) => place.and(place.page().locator(":focus")).waitFor();
  const close = async (): Promise<void> => {
    await ann.keyboard.press("Escape");
    await ann.getByRole("dialog").waitFor({ state: "detached" });
    await hasFocus(ann.getByRole("button", { name: /members$/ }));
  };

  it(
    "a question is about whoever was pressed last, is left the way one came, and is answered once by a double click",
    async () => {
      await ann.getByRole("button", { name: "4 members" }).click();
      const asks = (what: RegExp) => members().getByRole("group", { name: what });
      const no = members().getByRole("button", { name: "No" });
      await remove("Ben").click();
      await remove("Cleo").click();
      await asks(/Cleo/).waitFor();
      await hasFocus(no);
      await ann.keyboard.press("Escape");
      await hasFocus(remove("Cleo"));
      for (const way of ["Leave the group", "Delete the group"]) {
        const asking = members().getByRole("button", { name: way });
        await asking.press("Enter");
        await hasFocus(no);
        await ann.keyboard.press("Escape");
        await hasFocus(asking);
      }
      await remove(LONG).click();
      await members().getByRole("button", { name: "Yes" }).dblclick();
      await eventually(async () => expect(await namesIn(members())).toEqual(["Ann", "Ben", "Cleo"]), {
        within: WITHIN_MS,
      });
      expect(await adding().count()).toBe(0);
      await close();
    },
    3 * WITHIN_MS,
  );

  it(
    "nobody is asked about who has left, people are found as soon as the server answers again, and what was closed stays closed",
    async () => {
      await ann.getByRole("button", { name: "3 members" }).click();
      await remove("Cleo").click();
      await cleo.getByRole("button", { name: "3 members" }).click();
      await cleo.getByRole("button", { name: "Leave the group" }).click();
      await cleo.getByRole("button", { name: "Yes" }).click();
      await eventually(async () => expect(await namesIn(members())).toEqual(["Ann", "Ben"]), { within: WITHIN_MS });
      await hasFocus(members().getByRole("list"));
      expect(await members().getByRole("group").count()).toBe(0);

      await ann.route(PEOPLE, (route) => route.abort());
      await members().getByRole("button", { name: "Add people" }).click();
      await adding().getByText("The server does not answer.").waitFor();
      await ann.unroute(PEOPLE);
      await adding().getByLabel("Find people by name").fill("Cleo");
      await adding().getByRole("checkbox", { name: "Cleo" }).check();
      expect(await adding().getByText("The server does not answer.").count()).toBe(0);
      expect(await barriersOn(ann)).toEqual([]);

      const answered = Promise.withResolvers<null>();
      await ann.route(ADDING, async (route) => {
        await answered.promise;
        await route.continue();
      });
      await adding().getByRole("button", { name: "Add", exact: true }).click();
      await adding().getByRole("button", { name: "Close" }).click();
      await hasFocus(members().getByRole("button", { name: "Add people" }));
      await close();
      answered.resolve(null);
      await ann.getByRole("button", { name: "3 members" }).waitFor();
      await cleo.getByRole("navigation").getByRole("button", { name: "Alpha" }).waitFor();
      expect(await ann.getByRole("dialog").count()).toBe(0);
      await ann.unroute(ADDING);
    },
    3 * WITHIN_MS,
  );

  it(
    "who is an owner no more has the focus among the members, whose names have room on the narrowest telephone",
    async () => {
      await ann.getByRole("button", { name: "3 members" }).click();
      const role = (name: string) => members().getByLabel(`Role of ${name}`);
      await role("Ben").selectOption("owner");
      await ben.getByRole("button", { name: "3 участника" }).click();
      await ben.setViewportSize({ width: 320, height: 568 });
      const his = ben.getByRole("dialog", { name: "Участники" });
      await his.getByLabel("Роль: Ann").focus();
      const widths = await his.locator(".person-name").evaluateAll((names) => names.map((name) => name.clientWidth));
      expect(widths.filter((width) => width >= 80)).toHaveLength(3);
      expect(await his.getByRole("list").evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
      expect(await barriersOn(ben)).toEqual([]);
      await role("Ben").selectOption("member");
      await his.getByLabel("Роль: Ann").waitFor({ state: "detached" });
      await hasFocus(his.getByRole("list"));

      await members().getByRole("button", { name: "Add people" }).click();
      await adding().getByLabel("Find people by name").fill(LONG);
      await adding().getByRole("checkbox", { name: LONG }).check();
      await adding().getByRole("button", { name: "Add", exact: true }).click();
      await remove(LONG).click();
      const question = members().getByRole("group", { name: LONG }).locator("span");
      const [inside, around] = await Promise.all([question, members()].map((place) => place.boundingBox()));
      expect(inside?.x).toBeGreaterThan(around?.x ?? Infinity);
      expect((inside?.x ?? Infinity) + (inside?.width ?? 0)).toBeLessThan((around?.x ?? 0) + (around?.width ?? 0));
      await ann.keyboard.press("Escape");
      await close();
      // Chromium tells of each answer that did not come.
      expect(everybody.flatMap((person) => person.complaints())).toEqual([expect.stringContaining("ERR_FAILED")]);
    },
    3 * WITHIN_MS,
  );

  it(
    "a name that comes later, or is changed elsewhere, is the one that can be changed",
    async () => {
      const held = Promise.withResolvers<null>();
      await cleo.route(/\/api\/users(\/me|\?)/, async (route) => {
        await held.promise;
        await route.continue();
      });
      await cleo.reload();
      await cleo.getByRole("button", { name: "Your profile" }).click();
      const field = cleo.getByRole("dialog").getByLabel("Name", { exact: true });
      await field.waitFor();
      held.resolve(null);
      await eventually(async () => expect(await field.inputValue()).toBe("Cleo"), { within: WITHIN_MS });
      await cleo.unroute(/\/api\/users(\/me|\?)/);
      const other = await cleo.context().newPage();
      other.setDefaultTimeout(WITHIN_MS);
      await other.goto(await chat.url());
      await other.getByRole("button", { name: "Your profile" }).click();
      await other.getByRole("dialog").getByLabel("Name", { exact: true }).fill("Cleopatra");
      await other.getByRole("button", { name: "Save" }).click();
      await eventually(async () => expect(await field.inputValue()).toBe("Cleopatra"), { within: WITHIN_MS });
      await other.close();
    },
    3 * WITHIN_MS,
  );

  it(
    "of a chat that is deleted the focus goes to the next in the list, and stays where it was elsewhere",
    async () => {
      await startGroup(ann, "en", "Beta", ["Ben", "Cleo"]);
      await startGroup(ann, "en", "Gamma", ["Ben", "Cleo"]);
      await cleo.keyboard.press("Escape");
      const row = (name: string) => cleo.getByRole("navigation").getByRole("button", { name });
      const deleteGroup = async (name: string): Promise<void> => {
        await openChat(ann, name);
        await ann.getByRole("button", { name: "3 members" }).click();
        await members().getByRole("button", { name: "Delete the group" }).click();
        await members().getByRole("button", { name: "Yes" }).click();
        await row(name).waitFor({ state: "detached" });
      };
      await row("Gamma").click();
      await row("Alpha").focus();
      await deleteGroup("Gamma");
      await cleo.getByRole("status").getByText("Gamma").waitFor();
      await hasFocus(row("Alpha"));
      await row("Beta").focus();
      await deleteGroup("Beta");
      await hasFocus(row("Alpha"));
      expect(await cleo.getByRole("navigation").locator("[data-chat]").count()).toBe(1);
    },
    3 * WITHIN_MS,
  );
});

const namesIn = (dialog: Locator): Promise<readonly string[]> => dialog.locator(".person-name").allInnerTexts();
