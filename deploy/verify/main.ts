import { connectBackend } from "@chat/shared/backend";
import { CannotStart } from "@chat/shared/cannot-start";
import { createClient } from "@chat/shared/postgres/connect";
import { runService } from "@chat/shared/run-service";
import { verifySettings } from "./config.ts";
import { lineOf } from "./violations.ts";
import { verify } from "./verify.ts";

/** More lines than this help nobody; all are counted. */
const maxShown = 1_000;

await runService({
  name: "verify",
  about:
    "checks the log, and the read models against it, while the system runs; writes nothing; ends with 1 when something is wrong",
  settings: verifySettings,
  environment: process.env,
  async create(settings, { log: logger }) {
    const backend = await connectBackend("verify", settings, logger);
    const client = createClient({ url: backend.databaseUrl, name: "verify", log: logger });
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    let violations = 0;
    return {
      name: "verify",
      async start() {
        await backend.service.start();
        try {
          await client.connect();
          const { events, chats, degraded, ahead, withoutAccount } = await verify({
            log: backend.log,
            client,
            report: say,
            tell(violation) {
              violations += 1;
              if (violations <= maxShown) say(`VIOLATION ${lineOf(violation)}`);
            },
          });
          say(`${events} events of ${chats} chats, ${violations} violations`);
          if (degraded > 0)
            say(
              `${degraded} chats are degraded: an event of them was skipped. Their other events, messages and commands were compared; ` +
                "the order of their events, their own rows, members, unread messages and watermarks were not: rebuild the read models",
            );
          if (withoutAccount !== null && withoutAccount > 0)
            say(
              `${withoutAccount} users of chats have no account: the database was restored to before they registered`,
            );
          if (ahead > 0) say(`${ahead} records were not looked at: the read models did not hold them yet`);
        } finally {
          await client.end();
          await backend.service.stop();
        }
        if (violations > 0) throw new CannotStart(`${violations} violations`);
      },
      stop: () => Promise.resolve(),
    };
  },
});
