import { isUserId, type UserId } from "@chat/shared/ids";
import type { Knex } from "knex";
import { insertSession, type NewSession } from "./session-rows.ts";

/** An account as its owner sees it. */
export interface Profile {
  readonly userId: UserId;
  readonly email: string;
  readonly name: string;
  readonly city: string | null;
  readonly avatar: string | null;
}

export interface NewAccount {
  /** As `normalizeEmail` leaves it. */
  readonly email: string;
  readonly name: string;
  readonly city: string | null;
  readonly passwordHash: string;
}

export interface Accounts {
  /** The account together with its first session, or null when the e-mail is taken. */
  create(account: NewAccount, session: NewSession): Promise<Profile | null>;
  findByEmail(email: string): Promise<{ readonly profile: Profile; readonly passwordHash: string } | null>;
  /** Null when there is no such account. What is undefined stays. */
  changeProfile(userId: UserId, changes: ProfileChanges): Promise<Profile | null>;
  /** Null when there is no such account. `removed`: the stored file that was its picture, null when it had none. */
  removeAvatar(userId: UserId): Promise<{ readonly profile: Profile; readonly removed: string | null } | null>;
  /** False when the password is no longer the one with this hash: whoever knew only the old one opens no session. */
  openSession(userId: UserId, passwordHash: string, session: NewSession): Promise<boolean>;
  /** What it is logged into with; null when there is no such account. */
  credentials(userId: UserId): Promise<{ readonly email: string; readonly passwordHash: string } | null>;
  /** False, and nothing done, when it is no longer the one before. Locks the account until the end of the transaction. */
  replacePasswordHash(
    transaction: Knex.Transaction,
    userId: UserId,
    hashes: { readonly before: string; readonly after: string },
  ): Promise<boolean>;
  /** Until the end of the transaction: those who end all sessions of one account take turns. */
  lock(transaction: Knex.Transaction, userId: UserId): Promise<void>;
}

export interface ProfileChanges {
  readonly name?: string | undefined;
  readonly city?: string | null | undefined;
  /** The stored file of the picture. */
  readonly avatar?: string | undefined;
}

interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly city: string | null;
  readonly avatar: string | null;
}

/** The accounts in `identity`; only the code of this folder reads or writes that schema. */
export function createAccounts(db: Knex): Accounts {
  const users = "identity.users";
  // As text: an id is opaque to clients, and a bigint may be more than a JS number can hold.
  const profile = [db.raw("id::text AS id"), "email", "name", "city", "avatar"];

  return {
    create: ({ email, name, city, passwordHash }, session) =>
      db.transaction(async (transaction) => {
        const account = { email, name, city, password_hash: passwordHash, created_at: session.createdAt };
        const inserted = transaction(users).insert(account).onConflict("email").ignore().returning(profile);
        const [row] = (await inserted) as UserRow[];
        if (row === undefined) return null;
        const created = profileOf(row);
        await insertSession(transaction, created.userId, session);
        return created;
      }),

    async findByEmail(email) {
      const query = db(users)
        .select([...profile, "password_hash"])
        .where({ email });
      const [row] = (await query) as (UserRow & { readonly password_hash: string })[];
      return row === undefined ? null : { profile: profileOf(row), passwordHash: row.password_hash };
    },

    async changeProfile(userId, { name, city, avatar }) {
      const changes = {
        ...(name === undefined ? {} : { name }),
        ...(city === undefined ? {} : { city }),
        ...(avatar === undefined ? {} : { avatar }),
      };
      const found = db(users).where({ id: userId });
      const query =
        Object.keys(changes).length === 0 ? found.select(profile) : found.update(changes).returning(profile);
      const [row] = (await query) as UserRow[];
      return row === undefined ? null : profileOf(row);
    },

    removeAvatar: (userId) =>
      db.transaction(async (transaction) => {
        // Locked: a picture that replaces this one at the same time comes before, and is the one that goes, or after, and stays.
        const found = transaction(users).where({ id: userId }).forNoKeyUpdate().select(profile);
        const [row] = (await found) as UserRow[];
        if (row === undefined) return null;
        if (row.avatar !== null) await transaction(users).where({ id: userId }).update({ avatar: null });
        return { profile: profileOf({ ...row, avatar: null }), removed: row.avatar };
      }),

    openSession: (userId, passwordHash, session) =>
      db.transaction(async (transaction) => {
        // Held until the commit: a change of the password comes after it, and ends this session, or before it, and is seen.
        const same = transaction(users).where({ id: userId, password_hash: passwordHash }).forShare().select("id");
        if (((await same) as unknown[]).length === 0) return false;
        await insertSession(transaction, userId, session);
        return true;
      }),

    async credentials(userId) {
      const query = db(users).where({ id: userId }).select("email", "password_hash");
      const [row] = (await query) as { readonly email: string; readonly password_hash: string }[];
      return row === undefined ? null : { email: row.email, passwordHash: row.password_hash };
    },

    async replacePasswordHash(transaction, userId, { before, after }) {
      const same = transaction(users).where({ id: userId, password_hash: before });
      return (await same.update({ password_hash: after })) === 1;
    },

    async lock(transaction, userId) {
      await transaction(users).where({ id: userId }).forNoKeyUpdate().select("id");
    },
  };
}

function profileOf({ id, email, name, city, avatar }: UserRow): Profile {
  if (!isUserId(id)) throw new Error(`the database gave ${id} for a user id`);
  return { userId: id, email, name, city, avatar };
}
