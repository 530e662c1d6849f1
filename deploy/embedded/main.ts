import { enableCompileCache } from "node:module";
import { compileCacheFolder } from "@chat/shared/compile-cache";
import type { EmbeddedChat } from "./chat.ts";

// All that is to come from there is imported after this.
enableCompileCache(compileCacheFolder);
const { checkFilesPlace } = await import("@chat/shared/files/file-settings");
const { openFileStore } = await import("@chat/shared/files/open-file-store");
const { limitingOf } = await import("@chat/shared/http/rate-limits");
const { refuseBusyPort } = await import("@chat/shared/http/server");
const { runService } = await import("@chat/shared/run-service");
const { uploadLimitsOf } = await import("@chat/shared/settings");
const { createEmbeddedChat } = await import("./chat.ts");
const { embeddedSettings } = await import("./config.ts");

await runService({
  name: "chat",
  about: "the whole chat backend in one process, with its own PostgreSQL",
  settings: embeddedSettings,
  checkSettings: checkFilesPlace,
  environment: process.env,
  create: (settings, context) => {
    if (settings.KAFKA_BROKERS !== undefined) {
      context.log.warn("KAFKA_BROKERS is for services that run each alone: this run keeps its log in PostgreSQL");
    }
    return announced(
      settings.PORT,
      createEmbeddedChat(
        {
          port: settings.PORT,
          dataDir: settings.DATA_DIR,
          databaseUrl: settings.DATABASE_URL,
          openFiles: (folder) => openFileStore(settings, { folder }),
          instanceUrl: settings.INSTANCE_URL,
          secretKey: settings.SECRET_KEY,
          accessTokenMinutes: settings.ACCESS_TOKEN_EXPIRE_MINUTES,
          partitions: settings.PARTITIONS,
          allowedOrigins: settings.ALLOWED_ORIGINS,
          flood: { burst: settings.WS_FLOOD_BURST, perSecond: settings.WS_FLOOD_PER_SECOND },
          limiting: limitingOf(settings),
          uploadLimits: uploadLimitsOf(settings),
        },
        context,
      ),
    );
  },
});

/** One line when it is ready, and what to try next. A busy port is told before a folder or a database is made for nothing. */
function announced(port: number, chat: EmbeddedChat): EmbeddedChat {
  return {
    ...chat,
    async start() {
      await refuseBusyPort(port);
      await chat.start();
      const url = `http://localhost:${String(chat.address().port)}`;
      process.stdout.write(
        `chat is ready on ${url}. Try: curl -s ${url}/register -H 'Content-Type: application/json' ` +
          `-d '{"email":"alice@example.com","password":"password123"}'\n`,
      );
    },
  };
}
