import { runService } from "@chat/shared/run-service";
import { openDatabaseAlone } from "../embedded/database-alone.ts";
import { postgresSettings } from "./config.ts";

await runService({
  name: "postgres",
  about: "the embedded PostgreSQL in DATA_DIR without its chat, for pg_dump and for services whose log is in Kafka",
  settings: postgresSettings,
  environment: process.env,
  async create(settings, context) {
    const postgres = await openDatabaseAlone({ dataDir: settings.DATA_DIR, ...context });
    return {
      ...postgres,
      async start() {
        await postgres.start();
        process.stdout.write(`DATABASE_URL=${postgres.url()}\n`);
      },
    };
  },
});
