import { exampleEmail, examplePassword, exampleUser } from "@chat/shared/api/examples";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import Type from "typebox";
import type { Identity, LoggedIn } from "../identity/identity.ts";
import { ProfileObject, profileObject } from "./profile-object.ts";
import { CityField, NameField } from "./profile-fields.ts";
import { MAX_PASSWORD_CHARACTERS, NewPasswordField } from "./password-fields.ts";
import { exampleTokens, tokenAnswer, TokenAnswer } from "./token-answer.ts";

/** Something, an @, and a name with a dot in it. Whether mail arrives there only mail can tell. Linear on any input. */
const EMAIL_PATTERN = String.raw`^\s*[^\s@]+@[^\s@.]+(\.[^\s@.]+)+\s*$`;
/** The longest address that SMTP can carry (RFC 5321, 4.5.3.1). */
const MAX_EMAIL_CHARACTERS = 254;

const Registration = Type.Object(
  {
    email: Type.String({ maxLength: MAX_EMAIL_CHARACTERS, pattern: EMAIL_PATTERN }),
    password: NewPasswordField,
    name: Type.Optional(NameField),
    username: Type.Optional({ ...NameField, description: "another word for name" }),
    city: Type.Optional(CityField),
    avatar: Type.Optional(Type.Unknown({ description: "ignored: avatars are uploaded" })),
  },
  { examples: [{ email: exampleEmail, password: examplePassword, name: exampleUser.name, city: exampleUser.city }] },
);

/** What is no address at all is a wrong one here: this call tells right from wrong and nothing else. */
const Credentials = Type.Object(
  {
    email: Type.String({ maxLength: MAX_EMAIL_CHARACTERS, examples: [exampleEmail] }),
    password: Type.String({ maxLength: MAX_PASSWORD_CHARACTERS, examples: [examplePassword] }),
  },
  { examples: [{ email: exampleEmail, password: examplePassword }] },
);

/** The form of RFC 6749, 4.3.2; what the clients of OAuth2 send besides is taken and not used. */
const PasswordGrant = Type.Object(
  {
    username: Type.String({ maxLength: MAX_EMAIL_CHARACTERS, description: "the e-mail", examples: [exampleEmail] }),
    password: Type.String({ maxLength: MAX_PASSWORD_CHARACTERS, examples: [examplePassword] }),
    grant_type: Type.Optional(Type.Union([Type.Literal("password"), Type.Literal("")])),
    scope: Type.Optional(Type.String()),
    client_id: Type.Optional(Type.String()),
    client_secret: Type.Optional(Type.String()),
  },
  { examples: [{ grant_type: "password", username: exampleEmail, password: examplePassword }] },
);

const LoggedInAnswer = Type.Object(
  { ...ProfileObject.properties, ...TokenAnswer.properties },
  { examples: [{ ...exampleUser, email: exampleEmail, ...exampleTokens }] },
);

/** Making an account and logging in. Either opens a session. */
export function authRoutes(identity: Identity): readonly Route[] {
  const common = { method: "POST", auth: "none", tags: ["auth"] } as const;
  return [
    defineRoute({
      ...common,
      path: ["/auth/register", "/register"],
      summary: "Make an account",
      body: Registration,
      responses: { 201: { description: "The account, logged in", schema: LoggedInAnswer } },
      rejections: ["email_taken", "too_many_requests"],
      async handle({ body: { email, password, name, username, city }, headers }) {
        const device = headers["user-agent"];
        const made = await identity.register({ email, password, name: name ?? username, city, device });
        return { status: 201, body: loggedInAnswer(made) };
      },
    }),
    defineRoute({
      ...common,
      path: ["/auth/login", "/login"],
      summary: "Log in",
      body: Credentials,
      bodyFrom: ["json", "form", "query"],
      responses: { 200: { description: "The account, logged in", schema: LoggedInAnswer } },
      rejections: ["invalid_credentials", "too_many_requests"],
      async handle({ body, headers, clientAddress }) {
        const device = headers["user-agent"];
        return {
          status: 200,
          body: loggedInAnswer(await identity.logIn({ ...body, device, address: clientAddress() })),
        };
      },
    }),
    defineRoute({
      ...common,
      path: "/token",
      summary: "Log in with the password form of OAuth2",
      body: PasswordGrant,
      bodyFrom: ["form"],
      responses: { 200: { description: "An access token", schema: TokenAnswer } },
      rejections: ["invalid_credentials", "too_many_requests"],
      async handle({ body: { username, password }, headers, clientAddress }) {
        const device = headers["user-agent"];
        const { granted } = await identity.logIn({ email: username, password, device, address: clientAddress() });
        return { status: 200, body: tokenAnswer(granted) };
      },
    }),
  ];
}

function loggedInAnswer({ profile, granted }: LoggedIn) {
  return { ...profileObject(profile), ...tokenAnswer(granted) };
}
