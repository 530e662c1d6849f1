import Type from "typebox";
import { SOMETHING_SEEN } from "@chat/shared/http/fields";

/** As long as a name on a phone's screen gets; it stands beside every message. */
const MAX_NAME_CHARACTERS = 100;

export const NameField = Type.String({ maxLength: MAX_NAME_CHARACTERS, pattern: SOMETHING_SEEN });
export const CityField = Type.Union([Type.String({ maxLength: MAX_NAME_CHARACTERS }), Type.Null()]);
