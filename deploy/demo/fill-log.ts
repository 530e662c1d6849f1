import { CannotStart } from "@chat/shared/cannot-start";
import { encodeEvent } from "@chat/shared/events/event-record";
import { groupChatId, isUserId, newElectionId, newEventId } from "@chat/shared/ids";
import type { EventLog } from "@chat/shared/log/event-log";
import { Fenced, leadPartition, type Leadership, type NewEvent } from "@chat/shared/log/partition-writer";
import { startOfPartition } from "@chat/shared/log/position";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { OpenedChat } from "../embedded/closed-chat.ts";
import { createProgress } from "../log-copy/progress.ts";
import type { BigDemo, DemoChat } from "./big-demo.ts";
import { analyzeAll, countRunning, insertPeople, readVersions } from "./queries/demo-rows.ts";

/** Names the writer in its Elections, for people who read the log. */
const writer = "demo";
/** About 150 KiB, well below what a log takes in one piece; with one append in flight a partition, all that is in memory. */
const eventsAnAppend = 500;
/** Chats take turns in so many rounds, so that their rows lie mixed in the tables as they do where people talk. */
const rounds = 100;
/** The read models tell when they have moved; this is for the case that it was missed. */
const lookAgainMs = 500;
/** A projector that has not moved for so long has stopped, and has said why. */
const stuckAfterMs = 60_000;
/** Often enough to see that it moves. */
const sayEveryMs = 1_000;

interface Options extends OpenedChat {
  readonly plan: BigDemo;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Appends what of the plan is not there yet, as the only writer of the log, and waits until the read models have it. Cut
 * anywhere and called again it goes on. Throws `CannotStart` when somebody else writes.
 */
export async function fillLog(options: Options): Promise<void> {
  const { log, pool, plan, say, signal } = options;
  const running = await countRunning(pool);
  if (running > 0) throw new CannotStart("DATABASE_URL: a chat runs on this database; stop it first");
  const people = Array.from({ length: plan.people }, (_, index) => ({
    email: plan.email(index),
    name: plan.name(index),
  }));
  const ids = await insertPeople(pool, people);
  say(`${ids.length} people are there`);
  await caughtUp(options, () => undefined);

  const idOf = (person: number): string => ids[person] ?? "";
  const places = plan.chats.map((chat) => placeOf(chat, idOf, log.partitions));
  const { versions, positions } = await readVersions(
    pool,
    places.map(({ id }) => id),
  );
  const missing = plan.events - [...versions.values()].reduce((sum, version) => sum + version, 0);
  if (missing <= 0) {
    say(`nothing to do: ${plan.events} events of ${plan.chats.length} chats are there`);
    return;
  }

  const appended = createProgress({ total: missing, say: (line) => say(`log: ${line}`) });
  await Promise.all(
    Array.from({ length: log.partitions }, async (_, partition) => {
      const ours = places.filter((place) => place.partition === partition);
      const leadership = await lead(log, partition, positions.get(partition) ?? startOfPartition);
      for (const batch of batches(ours, versions, idOf)) {
        if (signal.aborted) return;
        await append(leadership, batch);
        appended.add(batch.length);
      }
    }),
  );
  appended.end();
  signal.throwIfAborted();
  await caughtUp(options, (left) => say(`read models: ${left} records to go`));
  await analyzeAll(pool);
}

interface Place {
  readonly chat: DemoChat;
  readonly id: string;
  readonly partition: number;
}

/** Ids are derived, so that a second run finds the chats of the first. */
function placeOf(chat: DemoChat, idOf: (person: number) => string, partitions: number): Place {
  const creator = idOf(chat.members[0] ?? 0);
  if (!isUserId(creator)) throw new Error(`no user id: ${JSON.stringify(creator)}`);
  const id = groupChatId(creator, chat.key);
  return { chat, id, partition: partitionOf(id, partitions) };
}

/** What the chats of a partition lack, in the order of each chat. Made as it is asked for: a million events are never in memory. */
function* batches(
  places: readonly Place[],
  versions: ReadonlyMap<string, number>,
  idOf: (person: number) => string,
): Generator<readonly NewEvent[]> {
  let batch: NewEvent[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const { chat, id } of places) {
      const from = Math.max(versions.get(id) ?? 0, Math.floor((chat.versions * (round - 1)) / rounds));
      const upTo = Math.floor((chat.versions * round) / rounds);
      for (let version = from + 1; version <= upTo; version += 1) {
        batch.push({ key: id, value: encoded(chat, id, version, idOf) });
        if (batch.length < eventsAnAppend) continue;
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

function encoded(chat: DemoChat, chatId: string, version: number, idOf: (person: number) => string): string {
  const { actor, at, event } = chat.eventAt(version, idOf);
  return encodeEvent({
    id: newEventId(),
    chatId,
    version,
    actor: idOf(actor),
    at,
    commandId: newEventId(),
    idempotencyKey: null,
    requestHash: null,
    traceParent: null,
    event,
  });
}

/** From where the read models are: what they hold is what the versions were read from, and nothing may have come since. */
async function lead(log: EventLog, partition: number, from: typeof startOfPartition): Promise<Leadership> {
  let foreign = false;
  const candidate = { log, partition, writer, electionId: newElectionId() };
  const leadership = await leadPartition(candidate, from, ({ events }) => {
    if (events.length > 0) foreign = true;
  });
  if (foreign) throw somebodyElse();
  return leadership;
}

async function append(leadership: Leadership, batch: readonly NewEvent[]): Promise<void> {
  await leadership.append(batch).catch((error: unknown) => {
    throw error instanceof Fenced ? somebodyElse() : error;
  });
}

const somebodyElse = (): CannotStart =>
  new CannotStart("somebody else writes to this log; stop the chat and run this again");

/** Waits until the read models hold all that the log has now. */
async function caughtUp({ log, pool, progress, signal }: Options, tell: (left: number) => void): Promise<void> {
  const ends = await log.ends();
  let fewest = Infinity;
  let movedAt = performance.now();
  let saidAt = -Infinity;
  for (;;) {
    signal.throwIfAborted();
    const { positions } = await readVersions(pool, []);
    const left = ends.reduce(
      (sum, end, partition) => sum + Math.max(0, end - (positions.get(partition)?.offset ?? 0)),
      0,
    );
    if (left === 0) return;
    if (left < fewest) {
      fewest = left;
      movedAt = performance.now();
      if (movedAt - saidAt >= sayEveryMs) {
        saidAt = movedAt;
        tell(left);
      }
    } else if (performance.now() - movedAt > stuckAfterMs) {
      throw new CannotStart(`the read models do not move: ${left} records to go; npm start says why`);
    }
    await progress.next(lookAgainMs, signal);
  }
}
