import { join } from "node:path";
import { afterAll, expect, it } from "@jest/globals";
import type { Message } from "./harness/api.ts";
import { expectNoPostgres, makeFolder, removeFolder } from "./harness/embedded-chat.ts";
import { killPostgres } from "./harness/postgres-of.ts";
import { readmeCommands, repository } from "./harness/readme.ts";
import { openTerminal, type Terminal } from "./harness/terminal.ts";

const folder = makeFolder();
const dataFolder = join(folder, "data");
const terminals: Terminal[] = [];

afterAll(async () => {
  for (const terminal of terminals) await terminal.interrupt();
  await killPostgres(dataFolder);
  await removeFolder(folder);
});

function open(...program: readonly string[]): Terminal {
  const terminal = openTerminal(repository, ...program);
  terminals.push(terminal);
  return terminal;
}

/** As in README, save that the data are not in the repository and that the port may be in use here. */
function npmStart(port: string): Terminal {
  return open("-c", `PORT=${port} DATA_DIR='${dataFolder}' exec npm start`);
}

it("the commands of README do what it says, from the first start to the one after Ctrl-C", async () => {
  const { start, users, listen, say, again, attach } = await readmeCommands();
  expect(start).toContain("npm start");

  const first = npmStart("0");
  const [, url = "", port = ""] = await first.seen(/chat is ready on (http:\/\/localhost:(\d+))/);
  const here = (block: string): string => block.replaceAll("localhost:8000", `localhost:${port}`);
  expect(here(users)).toContain(url);

  const alice = open();
  await alice.run(here(users));
  expect(await alice.run('echo "$BOB_ID ${#ALICE}"')).toMatch(/^2 \d{3}\n$/);

  const bob = open("-c", here(listen));
  await bob.seen(/"type":"ready"/);

  const said = await alice.run(here(say));
  const message = JSON.parse(said) as Message;
  expect(message).toMatchObject({ seq: 1, text: "Hello Bob", client_message_id: "first" });
  await bob.seen(/"type":"new_message".*"text":"Hello Bob"/);

  const [repeated = "", status, history = ""] = (await alice.run(here(again))).split(/(?<=\})(200)\n/);
  expect(JSON.parse(repeated)).toEqual(message);
  expect(status).toBe("200");
  expect(JSON.parse(history)).toEqual([message]);

  expect(await alice.run(here(attach))).toBe("Boots, a map, bread.\n");
  await bob.seen(/"type":"file_attached".*"name":"what-to-bring.txt"/);

  bob.type(`{"type":"send","id":"1","chat_id":"${message.chat_id}","text":"Hello Alice"}`);
  await bob.seen(/"type":"reply","id":"1","ok":true/);
  expect(bob.screen().match(/"type":"new_message".*"text":"Hello Bob"/g)).toHaveLength(1);
  const read = here(again).trim().split("\n").at(-1) ?? "";
  const before = await alice.run(read);
  expect(JSON.parse(before)).toMatchObject([{ text: "Hello Bob" }, { seq: 2, text: "Hello Alice" }]);

  await first.interrupt();
  await expectNoPostgres(dataFolder);
  expect(first.screen()).not.toMatch(/"level"|rror/);
  const second = npmStart(port);
  await second.seen(/chat is ready on/);
  expect(await alice.run(read)).toBe(before);
}, 180_000);
