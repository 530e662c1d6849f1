import { checkFilesPlace } from "@chat/shared/files/file-settings";
import { openFileStore } from "@chat/shared/files/open-file-store";
import type { Environment } from "@chat/shared/config";
import { limitingOf } from "@chat/shared/http/rate-limits";
import { runService } from "@chat/shared/run-service";
import { uploadLimitsOf } from "@chat/shared/settings";
import { createEmbeddedChat, type EmbeddedChat } from "./chat.ts";
import { embeddedSettings } from "./config.ts";

/** `npm start`, from its settings on. */
export async function runEmbeddedProgram(environment: Environment): Promise<void> {
  await runService({
    name: "chat",
    about: "the whole chat backend in one process, with its own PostgreSQL",
    settings: embeddedSettings,
    checkSettings: checkFilesPlace,
    environment,
    create: (settings, context) =>
      announced(
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
      ),
  });
}

/** One line when it is ready, and what to try next. */
function announced(chat: EmbeddedChat): EmbeddedChat {
  return {
    ...chat,
    async start() {
      await chat.start();
      const url = `http://localhost:${String(chat.address().port)}`;
      process.stdout.write(
        `chat is ready on ${url}. Try: curl -s ${url}/register -H 'Content-Type: application/json' ` +
          `-d '{"email":"alice@example.com","password":"password123"}'\n`,
      );
    },
  };
}
