import { createHash } from "node:crypto";
import { Rejection } from "@chat/shared/rejection";
import { LRUCache } from "lru-cache";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

const MS = 1_000;
const QUARTER_HOUR_SECONDS = 900;

/** A person who has forgotten which of his passwords it was tries fewer. */
const FAILURES_OF_PAIR = 10;
/**
 * Then, where the account was opened before, one attempt in so long. Behind that address there may be others than its owner, and none
 * of them should keep him out for a quarter of an hour; nor may they guess faster than at 40 passwords in that time.
 */
const SLOW_SECONDS = 30;
/** Behind one address there may be a school; a list of stolen passwords is longer. */
const FAILURES_OF_ADDRESS = 100;
/** From all addresses together. Beyond it, only addresses from which somebody has got in before may go on trying. */
const FAILURES_OF_ACCOUNT = 50;
/** Some 100 bytes each. Who is forgotten here is throttled with the strangers while his account is under attack, and only then. */
const MAX_KNOWN_PAIRS = 50_000;

/** One attempt to log in, or to show the old password of a new one: which account it names, whether it exists or not, and where it comes from. */
export interface LoginAttempt {
  /** In the one form in which accounts are found. */
  readonly email: string;
  readonly address: string;
}

export interface LoginThrottle {
  /** Rejects with too_many_requests, whether the password is right or wrong, known account or not. */
  allow(attempt: LoginAttempt): Promise<void>;
  failed(attempt: LoginAttempt): Promise<void>;
  succeeded(attempt: LoginAttempt): Promise<void>;
}

/**
 * Slows down who guesses passwords: one account from one address, many accounts from one address, one account from many
 * addresses. So that none but the second locks its owner out where he usually is, an address from which the account was opened
 * before is not counted among the strangers, and after too many failures it is slow and not shut; elsewhere he waits with
 * them. In memory, for each instance; a restart forgets.
 */
export function createLoginThrottle(): LoginThrottle {
  const limiter = (keyPrefix: string, points: number, duration = QUARTER_HOUR_SECONDS): RateLimiterMemory =>
    new RateLimiterMemory({ keyPrefix, points, duration });
  const ofPair = limiter("pair", FAILURES_OF_PAIR);
  const ofSlowPair = limiter("slow", 1, SLOW_SECONDS);
  const ofAddress = limiter("address", FAILURES_OF_ADDRESS);
  const ofAccount = limiter("account", FAILURES_OF_ACCOUNT);
  const known = new LRUCache<string, true>({ max: MAX_KNOWN_PAIRS });

  return {
    async allow({ email, address }) {
      const [account, pair] = [keyOf(email), keyOf(email, address)];
      const isKnown = known.has(pair);
      const counted = [ofAddress.get(address), ...(isKnown ? [] : [ofPair.get(pair), ofAccount.get(account)])];
      refuse((await Promise.all(counted)).filter(isSpent));
      // Taken before the password is looked at: of many that are sent at one moment one is.
      if (isKnown && isSpent(await ofPair.get(pair))) refuse(await take(ofSlowPair, pair));
    },

    async failed({ email, address }) {
      const [account, pair] = [keyOf(email), keyOf(email, address)];
      await Promise.all([
        take(ofPair, pair),
        take(ofAddress, address),
        ...(known.has(pair) ? [] : [take(ofAccount, account)]),
      ]);
    },

    async succeeded({ email, address }) {
      const pair = keyOf(email, address);
      known.set(pair, true);
      await Promise.all([ofPair.delete(pair), ofSlowPair.delete(pair)]);
    },
  };
}

/** Short whatever is sent, and no list of addresses of people in a memory dump. */
function keyOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

/** What stands against it: nothing, or that the last point was spent before, as by attempts that are under way. */
async function take(limiter: RateLimiterMemory, key: string): Promise<readonly RateLimiterRes[]> {
  try {
    await limiter.consume(key);
    return [];
  } catch (error) {
    if (error instanceof RateLimiterRes) return [error];
    throw error;
  }
}

const isSpent = (result: RateLimiterRes | null): result is RateLimiterRes =>
  result !== null && result.remainingPoints <= 0;

function refuse(spent: readonly RateLimiterRes[]): void {
  if (spent.length === 0) return;
  const waitMs = Math.max(0, ...spent.map(({ msBeforeNext }) => msBeforeNext));
  throw tooMany(Math.max(1, Math.ceil(waitMs / MS)));
}

function tooMany(retryAfterSeconds: number): Rejection {
  const detail = `That were too many wrong passwords: try again in ${String(retryAfterSeconds)} s.`;
  return new Rejection("too_many_requests", detail, { retryAfterSeconds });
}
