import type { UserId } from "@chat/shared/ids";
import type { AccessTokens } from "@chat/shared/identity/access-token";
import { hashOfOpaqueToken, newOpaqueToken } from "@chat/shared/identity/opaque-token";
import { Rejection } from "@chat/shared/rejection";
import type { Knex } from "knex";
import { v7 } from "uuid";
import { createAccounts, type Profile, type ProfileChanges } from "./accounts.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import type { Passwords } from "./passwords.ts";
import type { NewSession } from "./session-rows.ts";

/** An open socket and a refresh token live as long as their session, which a refresh does not prolong. */
const SESSION_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** User-Agent headers are as long as their senders like; a list of sessions needs the beginning. */
const MAX_DEVICE_CHARACTERS = 200;

export interface Identity {
  /** Rejects with email_taken or too_many_requests. */
  register(registration: Registration): Promise<LoggedIn>;
  /** Rejects with invalid_credentials, the same and as late for a wrong e-mail as for a wrong password, or too_many_requests. */
  logIn(credentials: {
    readonly email: string;
    readonly password: string;
    readonly device?: string | undefined;
    /** Where it comes from: who guesses is slowed down. */
    readonly address: string;
  }): Promise<LoggedIn>;
  /** Rejects with not_found for an account that is gone. */
  changeProfile(userId: UserId, changes: ProfileChanges): Promise<Profile>;
  /** `removed`: the stored file that was the picture. Null: there was none, and nobody is told. Rejects as `changeProfile`. */
  removeAvatar(userId: UserId): Promise<{ readonly profile: Profile; readonly removed: string | null }>;
}

export interface Registration {
  readonly email: string;
  readonly password: string;
  /** What stands before the @ when absent. */
  readonly name?: string | undefined;
  readonly city?: string | null | undefined;
  readonly device?: string | undefined;
}

export interface LoggedIn {
  readonly profile: Profile;
  readonly granted: GrantedTokens;
}

export interface GrantedTokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
}

export interface IdentityDependencies {
  readonly db: Knex;
  readonly tokens: AccessTokens;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
  /** Told after each change. */
  readonly profileChanged?: (profile: Profile) => void;
  /** Epoch milliseconds; the wall clock when absent. */
  readonly now?: () => number;
}

/** Accounts and passwords, and the sessions that they open. They are not events: forgetting a person must be possible by deleting a row. */
export function createIdentity(dependencies: IdentityDependencies): Identity {
  const { db, tokens, passwords, throttle, now = Date.now } = dependencies;
  const accounts = createAccounts(db);

  function newSession(device: string | undefined): { readonly session: NewSession; readonly refreshToken: string } {
    const createdAt = new Date(now());
    const expiresAt = new Date(createdAt.getTime() + SESSION_DAYS * DAY_MS);
    const refreshToken = newOpaqueToken();
    const refreshTokenHash = hashOfOpaqueToken(refreshToken);
    return { session: { id: v7(), device: deviceOf(device), createdAt, expiresAt, refreshTokenHash }, refreshToken };
  }

  function loggedIn(profile: Profile, sessionId: string, refreshToken: string): LoggedIn {
    const accessToken = tokens.sign({ userId: profile.userId, sessionId });
    return { profile, granted: { accessToken, expiresInSeconds: tokens.lifetimeSeconds, refreshToken } };
  }

  return {
    async register({ email: asSent, password, name, city, device }) {
      const email = normalizeEmail(asSent);
      const passwordHash = await passwords.hash(password);
      const { session, refreshToken } = newSession(device);
      const account = { email, name: name ?? localPartOf(email), city: city ?? null, passwordHash };
      const profile = await accounts.create(account, session);
      if (profile === null) throw new Rejection("email_taken", "Another account has this e-mail.");
      return loggedIn(profile, session.id, refreshToken);
    },

    async logIn({ email: asSent, password, device, address }) {
      const attempt = { email: normalizeEmail(asSent), address };
      await throttle.allow(attempt);
      const account = await accounts.findByEmail(attempt.email);
      const right = await passwords.verify(password, account?.passwordHash ?? null);
      if (account === null || !right) {
        await throttle.failed(attempt);
        throw wrongCredentials();
      }
      await throttle.succeeded(attempt);
      const { session, refreshToken } = newSession(device);
      const opened = await accounts.openSession(account.profile.userId, account.passwordHash, session);
      if (!opened) throw wrongCredentials();
      return loggedIn(account.profile, session.id, refreshToken);
    },

    async changeProfile(userId, changes) {
      const profile = await accounts.changeProfile(userId, changes);
      if (profile === null) throw gone();
      if (Object.values(changes).some((change) => change !== undefined)) dependencies.profileChanged?.(profile);
      return profile;
    },

    async removeAvatar(userId) {
      const account = await accounts.removeAvatar(userId);
      if (account === null) throw gone();
      if (account.removed !== null) dependencies.profileChanged?.(account.profile);
      return account;
    },
  };
}

/** One form for every spelling of an address; mail servers that tell case apart are not found in practice. */
export function normalizeEmail(email: string): string {
  return email.trim().normalize("NFC").toLowerCase();
}

/** What a device calls itself (User-Agent), as it is kept and compared. */
export function deviceOf(userAgent: string | undefined): string | null {
  return userAgent?.slice(0, MAX_DEVICE_CHARACTERS).toWellFormed() ?? null;
}

const gone = (): Rejection => new Rejection("not_found", "This account is gone.");

const wrongCredentials = (): Rejection => new Rejection("invalid_credentials", "Wrong e-mail or password.");

function localPartOf(email: string): string {
  return email.slice(0, email.lastIndexOf("@"));
}
