import { partitionOf } from "@chat/shared/partitions/partition-of";
import { Rejection } from "@chat/shared/rejection";
import type { ProfileSignal, Signal, TypingSignal } from "@chat/shared/signals/signal";
import type { Signals } from "@chat/shared/signals/signals";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import type { ReadCircles } from "../audience-circles.ts";
import type { AudienceRows } from "../audience-rows.ts";
import type { Device, Person, Rooms } from "../rooms.ts";
import type { Tail, TailBatch } from "../tail.ts";
import type { EventWindow } from "../window.ts";
import { createAcquaintances } from "./acquaintances.ts";
import { offerTo } from "./offer.ts";
import { createOnlineUsers } from "./online-users.ts";
import { createTyping } from "./typing.ts";

/** What has gathered is told so often; much less than a person notices. */
const TICK_MS = 100;
/** Who typed knew more of the log than this instance; it gets there within milliseconds, or the signal is of no use. */
const TAIL_WITHIN_MS = 1_000;
/** Signals that wait for the tail. */
const MAX_AHEAD = 1_000;

export interface SignallingOptions {
  /** Of this life of this instance. */
  readonly instance: string;
  readonly signals: Signals;
  readonly partitions: number;
  readonly readCircles: ReadCircles;
  readonly rows: Pick<AudienceRows, "memberships">;
  readonly rooms: Rooms;
  readonly window: EventWindow;
  readonly tail: Pick<Tail, "between" | "reached">;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface SignallingDevice extends Device {
  readonly person: Person;
}

/** Typing, presence and changed profiles: heard from the sockets here and from other instances, told to those whom it concerns. */
export interface Signalling {
  /** Throws not_found where he is no member. */
  typed(device: SignallingDevice, change: { readonly chatId: string; readonly isTyping: boolean }): void;
  opened(device: SignallingDevice): void;
  /** It is one of its person's devices no more. */
  closed(device: SignallingDevice): void;
  /** How a batch of the tail is told, and what follows from it here. */
  afterEach(telling: Promise<() => void> | (() => void), batch: TailBatch): Promise<() => void> | (() => void);
  start(): void;
  stop(): Promise<void>;
}

export function createSignalling(options: SignallingOptions): Signalling {
  const { instance, signals, partitions, rooms, window, tail, metrics } = options;
  const handed = metrics.counter(
    "realtime_signal_frames_total",
    "Frames of typing, presence and profiles, handed to devices.",
  );
  const counted = (frames: number): void => handed.inc(frames);
  const typing = createTyping(publishTyping);
  const online = createOnlineUsers({
    instance,
    publish: signals.publish,
    changed: (userId) => acquaintances.statusChanged(userId),
  });
  const acquaintances = createAcquaintances({ ...options, isOnline: online.isOnline, counted });
  let ahead = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopHearing = (): void => undefined;

  metrics.gauge("realtime_online_users", "Users with a socket, on any instance, as far as this one knows.", {
    collect: (gauge) => gauge.set(online.count()),
  });

  /** Who was removed while he typed: the others were told that he is gone. */
  function publishTyping({ userId, chatId, isTyping }: Omit<TypingSignal, "type" | "offset">): void {
    if (rooms.person(userId)?.chats.has(chatId) !== true) return;
    const { offset } = window.end(partitionOf(chatId, partitions));
    signals.publish({ type: "typing", chatId, userId, isTyping, offset });
  }

  function hear(signal: Signal): void {
    switch (signal.type) {
      case "typing":
        void tellTyping(signal);
        return;
      case "profile":
        tellProfile(signal);
        return;
      case "beat":
      case "online":
      case "everyone":
      case "ask":
        online.hear(signal);
        return;
      default:
        signal satisfies never;
    }
  }

  /** Whoever was removed before it was typed is in the room no more once this instance has read as far as its sender had. */
  async function tellTyping({ chatId, userId, isTyping, offset }: TypingSignal): Promise<void> {
    if (rooms.people(chatId) === undefined || ahead >= MAX_AHEAD) return;
    ahead += 1;
    const isThere = await tail.reached(new Map([[partitionOf(chatId, partitions), offset]]), TAIL_WITHIN_MS);
    ahead -= 1;
    const others = [...(rooms.people(chatId) ?? [])].filter((person) => person.userId !== userId);
    if (isThere) counted(offerTo(others, { kind: "typing", chatId, userId, isTyping }));
  }

  function tellProfile({ user }: ProfileSignal): void {
    acquaintances.profileChanged(user);
  }

  return {
    typed(device, { chatId, isTyping }) {
      const { person } = device;
      if (!person.chats.has(chatId)) throw new Rejection("not_found", "There is no such chat.");
      typing.say(device, { userId: person.userId, chatId, isTyping });
    },

    opened(device) {
      const { person } = device;
      online.came(person.userId);
      if (device.protocol.framesForSignal !== undefined && device.shown === null)
        acquaintances.connected(device, person);
    },

    closed(device) {
      const { person } = device;
      typing.socketEnded(device, person.userId);
      if (person.devices.size === 0 && person.catchingUp.size === 0) online.left(person.userId);
    },

    afterEach(telling, batch) {
      const both = (tell: () => void) => (): void => {
        tell();
        acquaintances.sawBatch(batch);
      };
      return typeof telling === "function" ? both(telling) : telling.then(both);
    },

    start() {
      stopHearing = signals.subscribe(hear);
      timer = setInterval(() => {
        typing.tick();
        online.tick();
        acquaintances.tick();
      }, TICK_MS);
    },

    async stop() {
      stopHearing();
      clearInterval(timer);
      await acquaintances.stop();
    },
  };
}
