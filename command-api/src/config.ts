import Type from "typebox";
import { backendSettings } from "@chat/shared/backend";
import { fileSettings } from "@chat/shared/files/file-settings";
import {
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALGORITHM,
  ALLOWED_ORIGINS,
  INSTANCE_URL,
  portOr,
  rateSettings,
  SECRET_KEY,
  uploadSettings,
} from "@chat/shared/settings";

export const commandApiSettings = Type.Object({
  PORT: portOr(3_001),
  ...backendSettings,
  ...fileSettings,
  ...uploadSettings,
  SECRET_KEY,
  ALGORITHM,
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALLOWED_ORIGINS: Type.Optional(ALLOWED_ORIGINS),
  ...rateSettings,
  INSTANCE_URL: Type.Optional(INSTANCE_URL),
});
