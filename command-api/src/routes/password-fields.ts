import Type from "typebox";

/** Long enough for any phrase; what is longer is no password but work for the hash. */
export const MAX_PASSWORD_CHARACTERS = 256;

/** A password that is chosen now; one that is only compared may be of any length. */
export const NewPasswordField = Type.String({ minLength: 8, maxLength: MAX_PASSWORD_CHARACTERS });
