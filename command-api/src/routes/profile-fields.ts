import Type from "typebox";

/** As long as a name on a phone's screen gets; it stands beside every message. */
const MAX_NAME_CHARACTERS = 100;

/** Spaces, controls, marks that only turn or join what is written, and letters that are drawn as nothing. */
const UNSEEN = String.raw`\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0`;

/** At least one character that can be seen: without one, nobody could press a name, or tell it from nothing. */
export const SOMETHING_SEEN = `[^${UNSEEN}]`;

export const NameField = Type.String({ maxLength: MAX_NAME_CHARACTERS, pattern: SOMETHING_SEEN });
export const CityField = Type.Union([Type.String({ maxLength: MAX_NAME_CHARACTERS }), Type.Null()]);
