import Type from "typebox";

/** As long as a name on a phone's screen gets; it stands beside every message. */
const MAX_NAME_CHARACTERS = 100;

/** At least one character that can be seen. */
export const NameField = Type.String({ maxLength: MAX_NAME_CHARACTERS, pattern: String.raw`\S` });
export const CityField = Type.Union([Type.String({ maxLength: MAX_NAME_CHARACTERS }), Type.Null()]);
