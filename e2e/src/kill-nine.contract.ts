import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import type { Chat, Message } from "./harness/api.ts";
import { createChance } from "./harness/chance.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { allChats, wholeHistory } from "./harness/pages.ts";
import { postgresPid } from "./harness/postgres-of.ts";
import { rebuildReadModels } from "./harness/rebuild.ts";
import { register, type User } from "./harness/user.ts";
import { createWriter, type Writer } from "./harness/writer.ts";

const WRITERS = 20;
const GROUPS = 7;
/** Acknowledgements between a start and the next kill, at most; then some milliseconds, so that no moment is spared. */
const MAX_ACKNOWLEDGED_BETWEEN = 400;
const MAX_MS_AFTER = 40;

export interface Kills {
  /** Of the process, every second time together with PostgreSQL. */
  readonly kills: number;
  /** Of PostgreSQL alone, under a process that lives on: then nobody comes back with a clean memory. */
  readonly killsOfPostgres: number;
}

/** What holds however often it is killed. Each spec file has one such story: they run for minutes. */
export const killNineStory = ({ kills, killsOfPostgres }: Kills): void =>
  describe(`killed ${kills} times under ${WRITERS} writers`, () => {
    const chat = useChat();
    const seed = randomInt(2 ** 31);
    const chance = createChance(seed);
    const attempts = { broken: 0, away: 0, refused: 0, unknown: 0 };
    const writers: Writer[] = [];
    let chatIds: readonly string[] = [];
    const histories = new Map<string, readonly Message[]>();

    beforeAll(async () => {
      const users: User[] = [];
      for (let n = 0; n < WRITERS; n += 1) users.push(await register(chat.url, `writer-${n}`));
      const membership = Array.from({ length: GROUPS }, () => users.filter(() => chance.oneIn(3)));
      const groups = [users, ...membership.filter((members) => members.length > 1)];
      const made = await Promise.all(groups.map((members, n) => createGroup(members, `group ${n}`)));
      chatIds = made.map(({ id }) => id);

      let acknowledged = 0;
      for (const user of users) {
        const own = made.filter(({ member_ids }) => member_ids.includes(user.id)).map(({ id }) => id);
        const onAcknowledged = () => (acknowledged += 1);
        writers.push(
          createWriter({ user, chatIds: own, chance: createChance(chance.below(2 ** 31)), attempts, onAcknowledged }),
        );
      }
      let over = false;
      const writing = Promise.all(writers.map((writer) => writer.write(() => over)));
      const failed = writing.then(() => Promise.reject(new Error("the writers ended too early")));
      failed.catch(() => undefined);
      const moreAcknowledged = async (more: number): Promise<void> => {
        const goal = acknowledged + more;
        await eventually(() => expect(acknowledged).toBeGreaterThanOrEqual(goal), { within: 60_000 });
      };
      for (let kill = 1; kill <= kills; kill += 1) {
        await Promise.race([moreAcknowledged(chance.below(MAX_ACKNOWLEDGED_BETWEEN)), failed]);
        await pause(chance.below(MAX_MS_AFTER));
        await chat.kill(kill % 2 === 0 ? "process and PostgreSQL" : "process");
        // A start is a bad moment too.
        if (kill % 3 === 0) await killWhileItStarts();
        await chat.start();
      }
      for (let kill = 1; kill <= killsOfPostgres; kill += 1) {
        await Promise.race([moreAcknowledged(chance.below(MAX_ACKNOWLEDGED_BETWEEN)), failed]);
        await chat.killPostgres();
      }
      await Promise.race([moreAcknowledged(MAX_ACKNOWLEDGED_BETWEEN), failed]);
      over = true;
      await writing;
      for (const id of chatIds) histories.set(id, await wholeHistory(memberOf(id), id));
      process.stdout.write(
        `kill -9: seed ${seed}, ${kills} + ${killsOfPostgres} kills, ${acknowledged} messages acknowledged in ${chatIds.length} chats; ` +
          `calls cut off ${attempts.broken}, to nobody ${attempts.away}, refused ${attempts.refused}, in doubt ${attempts.unknown}\n`,
      );
    }, 150_000);

    it("was in the middle of calls when it was killed", () => {
      expect(attempts.broken).toBeGreaterThan(0);
    });

    it("keeps every acknowledged message once, where it was acknowledged", () => {
      for (const { user, acknowledged } of writers) {
        for (const { chatId, key, message } of acknowledged) {
          const found = historyOf(chatId).filter((one) => one.sender_id === user.id && one.client_message_id === key);
          expect(found).toMatchObject([{ id: message.id, seq: message.seq, created_at: message.created_at }]);
        }
      }
      const kept = [...histories.values()].flat();
      expect(kept).toHaveLength(writers.flatMap(({ acknowledged }) => acknowledged).length);
    });

    it("numbers messages without a gap, each sender's in the order of sending", () => {
      for (const id of chatIds) {
        const history = historyOf(id);
        expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
        for (const { user, acknowledged } of writers) {
          const sent = acknowledged.filter(({ chatId }) => chatId === id).map(({ key }) => key);
          const kept = history.filter(({ sender_id }) => sender_id === user.id);
          expect(kept.map(({ client_message_id }) => client_message_id)).toEqual(sent);
        }
      }
    });

    it("keeps what was deleted deleted, and all else as it was written", () => {
      const deleted = new Set(writers.flatMap((writer) => [...writer.deleted]));
      const texts = new Map(
        writers.flatMap(({ acknowledged }) => acknowledged.map(({ message, text }) => [message.id, text])),
      );
      for (const message of [...histories.values()].flat()) {
        const gone = deleted.has(message.id);
        expect(message).toMatchObject({ deleted: gone, text: gone ? "" : texts.get(message.id) });
      }
    });

    it("counts as unread and as read what a recount of the history finds", async () => {
      const pointers = new Map<string, Map<string, number>>();
      for (const { user, readUpTo } of writers) {
        for (const { id, unread_count, read_up_to } of await allChats(user)) {
          const unread = historyOf(id).filter(
            ({ seq, sender_id, deleted }) => seq > read_up_to && sender_id !== user.id && !deleted,
          );
          expect(unread_count).toBe(unread.length);
          expect(read_up_to).toBeGreaterThanOrEqual(readUpTo.get(id) ?? 0);
          pointers.set(id, (pointers.get(id) ?? new Map<string, number>()).set(user.id, read_up_to));
        }
      }
      for (const id of chatIds) {
        const members = [...(pointers.get(id) ?? [])];
        for (const message of historyOf(id)) {
          const others = members.filter(([userId]) => userId !== message.sender_id);
          const readers = others.filter(([, upTo]) => upTo >= message.seq);
          expect(message).toMatchObject({ read_count: readers.length, is_read: readers.length === others.length });
        }
      }
    });

    it("answers every key as it did, for ever", async () => {
      for (const { user, acknowledged } of writers) {
        for (const { chatId, key, text, message } of acknowledged.slice(-5)) {
          const again = await user.post(`/chats/${chatId}/messages`, { text, client_message_id: key });
          expect(again).toMatchObject({ status: 200, body: { id: message.id } });
        }
      }
    });

    it("has read models that equal a rebuild from the log", async () => {
      const before = await everythingRead();
      await rebuildReadModels(chat.dataFolder);
      expect(await everythingRead()).toEqual(before);
    });

    async function createGroup(members: readonly User[], name: string): Promise<Chat> {
      const [creator] = members;
      const made = await creator?.post<Chat>("/chats", { name, member_ids: members.map(({ id }) => id) });
      expect(made).toMatchObject({ status: 201 });
      if (made === undefined) throw new Error("nobody is in this group");
      return made.body;
    }

    async function killWhileItStarts(): Promise<void> {
      const starting = chat.start().then(
        () => undefined,
        () => undefined,
      );
      await eventually(async () => expect(await postgresPid(chat.dataFolder)).toBeDefined());
      await chat.kill(chance.oneIn(2) ? "process" : "process and PostgreSQL");
      await starting;
    }

    function memberOf(chatId: string): User {
      const members = writers.filter(({ acknowledged }) => acknowledged.some((one) => one.chatId === chatId));
      return chance.pick(members).user;
    }

    function historyOf(chatId: string): readonly Message[] {
      return histories.get(chatId) ?? [];
    }

    async function everythingRead() {
      const found: Record<string, unknown> = {};
      for (const { user } of writers) found[user.name] = [await allChats(user), (await user.get("/unread")).body];
      for (const id of chatIds) {
        const member = memberOf(id);
        found[id] = [await wholeHistory(member, id), (await member.get(`/chats/${id}/members`)).body];
      }
      return found;
    }
  });
