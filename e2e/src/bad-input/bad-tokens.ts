import { forge, type World } from "./world.ts";

export interface BadToken {
  readonly what: string;
  readonly token: (world: World) => string;
  readonly code?: "token_expired";
}

const now = (): number => Math.floor(Date.now() / 1_000);

/** Every way in which a token can be none of ours. */
export const badTokens: readonly BadToken[] = [
  { what: "garbage", token: () => "garbage" },
  { what: "three pieces of garbage", token: () => "x.y.z" },
  { what: "dots", token: () => ".." },
  { what: "a JSON text", token: () => encodeURIComponent('{"sub":"1"}') },
  { what: "8 KB", token: () => "x".repeat(8_000) },
  { what: "8 KB in three pieces", token: () => Array(3).fill("A".repeat(2_600)).join(".") },
  {
    what: "one that has run out",
    token: ({ alice }) => forge(alice.token, { claims: { iat: now() - 7_200, exp: now() - 3_600 } }),
    code: "token_expired",
  },
  { what: "one that never runs out", token: ({ alice }) => forge(alice.token, { claims: { exp: undefined } }) },
  { what: "one that runs out in words", token: ({ alice }) => forge(alice.token, { claims: { exp: "tomorrow" } }) },
  { what: "another key's", token: ({ alice }) => forge(alice.token, { key: "another secret of more than 32 bytes" }) },
  { what: "an empty key's", token: ({ alice }) => forge(alice.token, { key: "" }) },
  {
    what: "no algorithm's, without a signature",
    token: ({ alice }) =>
      `${forge(alice.token, { header: { alg: "none" } })
        .split(".")
        .slice(0, 2)
        .join(".")}.`,
  },
  { what: "no algorithm's, signed", token: ({ alice }) => forge(alice.token, { header: { alg: "none" } }) },
  { what: "NONE's", token: ({ alice }) => forge(alice.token, { header: { alg: "NONE" } }) },
  {
    what: "another algorithm's",
    token: ({ alice }) => forge(alice.token, { header: { alg: "HS512" }, hash: "sha512" }),
  },
  { what: "RS256's, signed with the secret", token: ({ alice }) => forge(alice.token, { header: { alg: "RS256" } }) },
  { what: "another type's", token: ({ alice }) => forge(alice.token, { header: { typ: "JWT" } }) },
  { what: "another issuer's", token: ({ alice }) => forge(alice.token, { claims: { iss: "another" } }) },
  { what: "for another audience", token: ({ alice }) => forge(alice.token, { claims: { aud: "another" } }) },
  { what: "nobody's", token: ({ alice }) => forge(alice.token, { claims: { sub: undefined } }) },
  { what: "that of a user without a number", token: ({ alice }) => forge(alice.token, { claims: { sub: "alice" } }) },
  { what: "that of a user with a number", token: ({ alice }) => forge(alice.token, { claims: { sub: 1 } }) },
  { what: "that of a list of users", token: ({ alice }) => forge(alice.token, { claims: { sub: [alice.id] } }) },
  { what: "without a session", token: ({ alice }) => forge(alice.token, { claims: { sid: undefined } }) },
  { what: "not valid yet", token: ({ alice }) => forge(alice.token, { claims: { nbf: now() + 3_600 } }) },
  {
    what: "one whose claims were changed after it was signed",
    token({ alice, bob }) {
      const [head, , signature] = alice.token.split(".");
      return [head, forge(alice.token, { claims: { sub: bob.id } }).split(".")[1], signature].join(".");
    },
  },
  { what: "one that was cut", token: ({ alice }) => alice.token.slice(0, -3) },
  { what: "one with something behind it", token: ({ alice }) => `${alice.token}.x` },
];
