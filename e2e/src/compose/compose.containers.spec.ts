import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { chatRoomStory } from "../dialects/chat-room.contract.ts";
import { joinedChatsStory } from "../dialects/joined-chats.contract.ts";
import { plainTextStory } from "../dialects/plain-text.contract.ts";
import { textRoomStory } from "../dialects/text-room.contract.ts";
import { userStreamStory } from "../dialects/user-stream.contract.ts";
import type { Message } from "../harness/api.ts";
import { createComposeProject, type ComposeProject } from "../harness/compose-project.ts";
import { readmeCommands, repository, type ReadmeCommands } from "../harness/readme.ts";
import { openTerminal, type Terminal } from "../harness/terminal.ts";
import { makePng } from "../page/picture.ts";

/** The image is built from nothing, and a dozen containers start at once, on a machine that others use as well. */
const startMs = 600_000;
const within = { within: 60_000 };
jest.setTimeout(150_000);

/** What README attaches, and how it is asked for again. */
const brought = "Boots, a map, bread.\n";
const download = 'curl -sS "$CHAT$FILE" -H "authorization: Bearer $ALICE"';

const services = ["command-api", "query-api", "realtime"].flatMap((name) => [`${name}-1`, `${name}-2`]);
const projectors = ["projector", "projector-standby"];

let project: ComposeProject;
let readme: ReadmeCommands;
const terminals: Terminal[] = [];
let url: string;
let alice: Terminal;
let message: Message;

beforeAll(async () => {
  readme = await readmeCommands();
  project = await createComposeProject();
  url = `http://localhost:${project.port}`;
  // Compose itself builds an image only where there is none: one that an earlier run has left is of the program of then.
  await project.sh("docker compose build --quiet");
  await project.sh(readme.composeUp);
}, startMs);

afterAll(async () => {
  for (const terminal of terminals) await terminal.interrupt();
  await project.sh("docker compose down --volumes --timeout 15");
  expect(await project.remains()).toBe("");
}, startMs);

const here = (block: string): string => block.replaceAll("localhost:8000", `localhost:${project.port}`);

function open(...program: readonly string[]): Terminal {
  const terminal = openTerminal(repository, ...program);
  terminals.push(terminal);
  return terminal;
}

/** What a program prints that runs in a container of one service: past the gateway, so that this instance answers and no other. */
function inside(service: string, program: string): Promise<string> {
  return project.sh(`docker compose exec -T ${service} node --input-type=module --eval '${program}'`);
}

async function tokenOf(terminal: Terminal): Promise<string> {
  return (await terminal.run('echo "$ALICE"')).trim();
}

async function history(): Promise<readonly Message[]> {
  const token = await tokenOf(alice);
  const answer = await fetch(`${url}/chats/${message.chat_id}/messages`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([answer.status, answer.headers.get("chat-stale")]).toEqual([200, null]);
  return (await answer.json()) as Message[];
}

/** As a client does that wants to be sure: the same id until there is an answer. */
async function say(text: string): Promise<void> {
  const token = await tokenOf(alice);
  await eventually(async () => {
    const answer = await fetch(`${url}/chats/${message.chat_id}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ text, client_message_id: text }),
      signal: AbortSignal.timeout(10_000),
    });
    expect([200, 201]).toContain(answer.status);
  }, within);
}

it("does what README says, by HTTP and by WebSocket", async () => {
  alice = open();
  await alice.run(here(readme.users));
  expect(await alice.run('echo "$BOB_ID ${#ALICE}"')).toMatch(/^2 \d{3}\n$/);
  const bob = open("-c", here(readme.listen));
  await bob.seen(/"type":"ready"/);
  message = JSON.parse(await alice.run(here(readme.say))) as Message;
  expect(message).toMatchObject({ seq: 1, text: "Hello Bob", client_message_id: "first" });
  await bob.seen(/"type":"new_message".*"text":"Hello Bob"/);
  const [repeated = "", status, read = ""] = (await alice.run(here(readme.again))).split(/(?<=\})(200)\n/);
  expect([JSON.parse(repeated), status, JSON.parse(read)]).toEqual([message, "200", [message]]);
  bob.type(`{"type":"send","id":"1","chat_id":"${message.chat_id}","text":"Hello Alice"}`);
  await bob.seen(/"type":"reply","id":"1","ok":true/);
  expect(await history()).toMatchObject([{ text: "Hello Bob" }, { seq: 2, text: "Hello Alice" }]);
});

it("takes a file at either command-api and gives it back at both query-apis, as through the gateway", async () => {
  expect(await alice.run(here(readme.attach))).toBe(brought);
  expect(await alice.run(download)).toBe(brought);
  const token = await tokenOf(alice);
  for (const commandApi of ["command-api-1", "command-api-2"]) {
    const text = `It came in at ${commandApi}.`;
    const attached = await inside(
      commandApi,
      `const form = new FormData();
       form.set("file", new Blob(["${text}"]), "notes.txt");
       const headers = { authorization: "Bearer ${token}" };
       const to = "http://localhost:3001/messages/${message.id}/files";
       console.log(await (await fetch(to, { method: "POST", headers, body: form })).text());`,
    );
    const { url: path } = JSON.parse(attached) as { readonly url: string };
    for (const queryApi of ["query-api-1", "query-api-2"]) {
      const got = await inside(
        queryApi,
        `const headers = { authorization: "Bearer ${token}" };
         console.log(await (await fetch("http://localhost:3002${path}", { headers })).text());`,
      );
      expect([commandApi, queryApi, got]).toEqual([commandApi, queryApi, `${text}\n`]);
    }
  }
});

it("makes a picture of what people send as theirs: the image has what that takes", async () => {
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(makePng(300, 200))]), "me.png");
  const headers = { authorization: `Bearer ${await tokenOf(alice)}` };
  const changed = await fetch(`${url}/users/me/avatar`, { method: "PUT", headers, body: form });
  expect(changed.status).toBe(200);
  const { avatar } = (await changed.json()) as { readonly avatar: string };
  const shown = await fetch(url + avatar, { headers });
  expect([shown.status, shown.headers.get("content-type")]).toEqual([200, "image/webp"]);
  expect((await fetch(`${url}/users/me/avatar`, { method: "DELETE", headers })).status).toBe(200);
  expect((await fetch(url + avatar, { headers })).status).toBe(404);
});

it("has no way in for callers to what is not theirs, and answers OPTIONS everywhere, on both ports", async () => {
  for (const port of [project.port, project.httpPort]) {
    const at = async (path: string, options: RequestInit = {}): Promise<number> =>
      (await fetch(`http://localhost:${port}${path}`, options)).status;
    for (const path of ["/metrics", "/Metrics/", "/%6Detrics", "//metrics", "/internal/commands", "/api/internal/x"]) {
      expect([path, await at(path), await at(path, { method: "POST" })]).toEqual([path, 404, 404]);
    }
    for (const path of ["/", "/chats", "/ws", "/nowhere"])
      expect([path, await at(path, { method: "OPTIONS" })]).toEqual([path, 204]);
    for (const path of ["/", "/docs", "/openapi.json", "/health/ready"])
      expect([path, await at(path)]).toEqual([path, 200]);
    expect(await at("/chats", { method: "POST", body: "x".repeat(2_000_000) })).toBe(413);
  }
  const id = { "x-request-id": "of-the-caller" };
  expect((await fetch(`${url}/chats`, { headers: id })).headers.get("x-request-id")).toBe("of-the-caller");
});

it("runs nothing as root, and nothing that could change its own program", async () => {
  const ids = (await project.sh(`docker compose ps --quiet gateway ${[...services, ...projectors].join(" ")}`)).trim();
  const format = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}";
  const seen = await project.sh(`docker inspect --format '${format}' ${ids.replaceAll("\n", " ")}`);
  expect(seen.trim().split("\n")).toEqual(
    Array.from({ length: 9 }, () => expect.stringMatching(/^[1-9]\d*:\d+ true \[ALL\]$/)),
  );
});

describe("behind a gateway, with two of each, told as at one process", () => {
  const address = (): Promise<string> => Promise.resolve(url);
  textRoomStory(address);
  chatRoomStory(address);
  userStreamStory(address);
  plainTextStory(address);
  joinedChatsStory(address);
});

it("goes on when one of each is killed, and is whole again after the next start", async () => {
  const working = await eventually(async () => {
    const logs = await Promise.all(projectors.map((name) => project.sh(`docker compose logs --no-log-prefix ${name}`)));
    const index = logs.findIndex((log) => log.includes("this projector works"));
    expect(index).not.toBe(-1);
    return projectors[index];
  }, within);
  await project.sh(`docker compose kill --signal SIGKILL command-api-1 query-api-2 realtime-1 ${String(working)}`);
  for (const text of ["one", "two", "three", "four"]) await say(text);
  const texts = ["Hello Bob", "Hello Alice", "one", "two", "three", "four"];
  await eventually(async () => expect((await history()).map(({ text }) => text)).toEqual(texts), within);
  const bob = open("-c", here(readme.listen));
  await bob.seen(/"type":"ready"/);
  await say("five");
  await bob.seen(/"type":"new_message".*"text":"five"/);
  await project.sh(readme.composeUp);
  expect((await history()).map(({ text }) => text)).toEqual([...texts, "five"]);
});

it("says once, at its start, what it does not survive, and never writes a token down", async () => {
  const token = await tokenOf(alice);
  await fetch(`${url}/chats?token=${token}`);
  await project.sh("docker compose stop --timeout 15 query-api-1 query-api-2");
  expect((await fetch(`${url}/chats?token=${token}`)).status).toBe(503);
  const logs = await project.sh("docker compose logs --no-log-prefix gateway");
  expect(logs).toContain('"uri":"/chats"');
  expect(logs).not.toContain(token);
  // Those that nobody has stopped: what started them again, if anything did, was Docker alone.
  for (const name of ["command-api-2", "realtime-2"]) {
    const log = await project.sh(`docker compose logs --no-log-prefix ${name}`);
    const restarts = await project.sh(
      `docker inspect --format '{{.RestartCount}}' $(docker compose ps --quiet ${name})`,
    );
    expect([name, log.match(/LOG_DURABILITY=single/g)?.length]).toEqual([name, 1 + Number(restarts)]);
    expect(log).not.toContain(token);
  }
});

it(
  "stops when it is asked to, within the time that it has, and keeps everything",
  async () => {
    await project.sh("docker compose start query-api-1 query-api-2");
    await project.sh(readme.composeDown);
    expect(await project.sh("docker compose ps --all --quiet")).toBe("");
    await project.sh(readme.composeUp);
    expect((await history()).at(-1)).toMatchObject({ text: "five" });
    expect(await alice.run(download)).toBe(brought);
  },
  startMs,
);
