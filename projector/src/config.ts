import Type from "typebox";
import { backendSettings } from "@chat/shared/backend";
import { portOr } from "@chat/shared/settings";

/** `PORT` serves health and metrics only: nobody asks the projector for anything else. */
export const projectorSettings = Type.Object({ PORT: portOr(3_004), ...backendSettings });

/** For the orders of an operator, which serve nothing. */
export const operatorSettings = Type.Object(backendSettings);
