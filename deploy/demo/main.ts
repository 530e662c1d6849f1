import { CannotStart } from "@chat/shared/cannot-start";
import { readOptions } from "@chat/shared/command-line";
import { runService } from "@chat/shared/run-service";
import type { Service } from "@chat/shared/lifecycle";
import { createClosedChat } from "../embedded/closed-chat.ts";
import { bigDemo } from "./big-demo.ts";
import { createChatApi } from "./chat-api.ts";
import { bigDemoSettings, demoSettings } from "./config.ts";
import { demoPassword, demoPeople } from "./conversations.ts";
import { fillChat } from "./fill-chat.ts";
import { fillLog } from "./fill-log.ts";
import { measureChat } from "./measure-chat.ts";

const interrupted = new AbortController();
let cutOff = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
const say = (line: string): void => void process.stdout.write(`demo: ${line}\n`);
const environment = process.env;

const started = ["--big", "--measure"].find((option) => process.argv.includes(option));
await (started === "--big" ? fillBig() : started === "--measure" ? measureBig() : fillSmall());

async function fillSmall(): Promise<void> {
  await runService({
    name: "demo",
    about:
      "gives a running chat four people, a private chat and a group; again it changes nothing. " +
      "With --big ten thousand people and a million messages, while no chat runs; then --measure (each has a --help)",
    settings: demoSettings,
    checkArguments: partAsked,
    isCutOff: () => cutOff,
    environment,
    create: ({ CHAT_URL }) =>
      whileStarting(async () => {
        const { made, leftOut } = await fillChat(createChatApi({ url: CHAT_URL, say, signal: interrupted.signal }));
        say(`made ${made.people} people, ${made.chats} chats, ${made.messages} messages; the rest was there`);
        if (leftOut > 0) say(`left out ${leftOut} messages: their writers have left the chat since, or it was deleted`);
        const emails = demoPeople.map(({ email }) => email).join(", ");
        say(`open ${CHAT_URL} and log in as ${emails}; the password is ${demoPassword}`);
      }),
  });
}

async function fillBig(): Promise<void> {
  await runService({
    name: "demo",
    about:
      "--big writes 10,000 people, 5,000 groups and 1,000,000 messages into the log of a chat that does not run " +
      "(--part 0.1: a tenth of it). Cut and run again it goes on; when all is there it changes nothing",
    settings: bigDemoSettings,
    checkArguments: partAsked,
    isCutOff: () => cutOff,
    environment,
    create: (settings, context) =>
      whileStarting(async () => {
        const plan = bigDemo(partAsked());
        const { DATA_DIR: dataDir, DATABASE_URL: databaseUrl, PARTITIONS: partitions } = settings;
        const chat = createClosedChat({ dataDir, databaseUrl, partitions }, context);
        await chat.start();
        try {
          await fillLog({ ...chat.opened(), plan, say, signal: interrupted.signal });
        } finally {
          await chat.stop();
        }
        say(
          `npm start, and log in as ${plan.email(0)} … ${plan.email(plan.people - 1)}; the password is ${demoPassword}`,
        );
      }),
  });
}

async function measureBig(): Promise<void> {
  await runService({
    name: "demo",
    about: "--measure reads in a running chat that --big has filled (the same --part), and says how long that takes",
    settings: demoSettings,
    checkArguments: partAsked,
    isCutOff: () => cutOff,
    environment,
    create: ({ CHAT_URL }) =>
      whileStarting(async () => {
        const plan = bigDemo(partAsked());
        await measureChat({ api: createChatApi({ url: CHAT_URL, say, signal: interrupted.signal }), plan, say });
      }),
  });
}

/** The part of the big set that is asked for, 1 for all of it. */
function partAsked(): number {
  const { part = "1" } = readOptions({ big: "flag", measure: "flag", part: "text" }, process.argv.slice(2));
  if (/^(1|0\.\d{1,3})$/.test(part) && Number(part) > 0) return Number(part);
  throw new CannotStart("--part is a number from 0.001 to 1, like 0.1");
}

/** The work is done when it has started. What was interrupted stops in order, and says what that means. */
function whileStarting(work: () => Promise<void>): Service {
  return {
    name: "demo",
    start: () =>
      work().catch((error: unknown) => {
        if (!interrupted.signal.aborted) throw error;
        cutOff = true;
        say("interrupted; run again it goes on");
      }),
    stop: () => Promise.resolve(),
  };
}
