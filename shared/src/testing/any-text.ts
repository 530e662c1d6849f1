import fc from "fast-check";

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;
const CHARACTERS = 0x110000 - SURROGATES;
const SPACE = 0x20;

/** Texts of any characters. fast-check's own (`unit: "binary"`) makes a table of all of them first, a second in each file of specs. */
export const anyText = (constraints: { readonly maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc.string({ unit: fc.nat(CHARACTERS - 1).map(characterOf, numberOf), ...constraints });

/** From the space on, so that what fails shrinks to something that can be read. */
function characterOf(number: number): string {
  const index = (number + SPACE) % CHARACTERS;
  return String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES);
}

function numberOf(character: unknown): number {
  const codePoint = typeof character === "string" ? (character.codePointAt(0) ?? 0) : 0;
  if (character !== String.fromCodePoint(codePoint)) throw new Error("that is no character");
  const index = codePoint < FIRST_SURROGATE ? codePoint : codePoint - SURROGATES;
  return (index + CHARACTERS - SPACE) % CHARACTERS;
}
