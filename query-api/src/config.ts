import Type from "typebox";
import { backendSettings } from "@chat/shared/backend";
import { fileSettings } from "@chat/shared/files/file-settings";
import {
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALGORITHM,
  ALLOWED_ORIGINS,
  portOr,
  rateSettings,
  SECRET_KEY,
  uploadSettings,
} from "@chat/shared/settings";

export const queryApiSettings = Type.Object({
  PORT: portOr(3_002),
  ...backendSettings,
  ...fileSettings,
  ...uploadSettings,
  SECRET_KEY,
  ALGORITHM,
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALLOWED_ORIGINS: Type.Optional(ALLOWED_ORIGINS),
  ...rateSettings,
});
