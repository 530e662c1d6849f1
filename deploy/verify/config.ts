import Type from "typebox";
import { backendSettings } from "@chat/shared/backend";

export const verifySettings = Type.Object(backendSettings);
