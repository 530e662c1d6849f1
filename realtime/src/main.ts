import { connectBackend } from "@chat/shared/backend";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { followRevokedSessionsOfOthers } from "@chat/shared/identity/follow-revoked-sessions";
import { composeServices } from "@chat/shared/lifecycle";
import { runService } from "@chat/shared/run-service";
import { checkSignals, connectSignals } from "@chat/shared/signals/connect-signals";
import { createCommandClient } from "./command-client.ts";
import { realtimeSettings } from "./config.ts";
import { createRealtime } from "./service.ts";

const secondsAMinute = 60;

await runService({
  name: "realtime",
  about: "pushes what happens to every device of every member, and takes commands from sockets",
  settings: realtimeSettings,
  environment: process.env,
  async create(settings, { log: logger, fail }) {
    const backend = await connectBackend("realtime", settings, logger, [checkSignals("realtime", settings, logger)]);
    const signals = connectSignals("realtime", settings, backend);
    const lifetimeSeconds = settings.ACCESS_TOKEN_EXPIRE_MINUTES * secondsAMinute;
    const tokens = createAccessTokens({ secret: settings.SECRET_KEY, lifetimeSeconds });
    const revoked = followRevokedSessionsOfOthers({ ...backend, tokenLifetimeSeconds: lifetimeSeconds });
    const realtime = createRealtime({
      ...backend,
      signals,
      tokens,
      revoked,
      secret: settings.SECRET_KEY,
      commands: createCommandClient({ url: settings.COMMAND_API_URL, tokens, logger }),
      port: settings.PORT,
      limits: { flood: { burst: settings.WS_FLOOD_BURST, perSecond: settings.WS_FLOOD_PER_SECOND } },
      fail,
      ...(settings.ALLOWED_ORIGINS === undefined ? {} : { allowedOrigins: settings.ALLOWED_ORIGINS }),
    });
    return composeServices("realtime", [backend.service, signals, revoked, realtime]);
  },
});
