import Type from "typebox";
import { backendSettings } from "@chat/shared/backend";
import {
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALGORITHM,
  ALLOWED_ORIGINS,
  portOr,
  SECRET_KEY,
  WS_FLOOD_BURST,
  WS_FLOOD_PER_SECOND,
} from "@chat/shared/settings";

export const realtimeSettings = Type.Object({
  PORT: portOr(3_003),
  ...backendSettings,
  SECRET_KEY,
  ALGORITHM,
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALLOWED_ORIGINS: Type.Optional(ALLOWED_ORIGINS),
  WS_FLOOD_BURST,
  WS_FLOOD_PER_SECOND,
  COMMAND_API_URL: Type.String({
    default: "http://localhost:3001",
    pattern: "^https?://",
    description: "Where commands that come from sockets are sent",
    expected: "a URL like http://command-api:3001",
  }),
});
