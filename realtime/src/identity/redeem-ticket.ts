import { hashOfOpaqueToken, isOpaqueToken } from "@chat/shared/identity/opaque-token";
import { isUserId, type UserId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { Pool } from "pg";

/** Whose session a ticket was issued for. Rejects with unauthenticated; of any number of calls with one ticket one gets it. */
export type RedeemTicket = (ticket: string) => Promise<{ readonly userId: UserId; readonly sessionId: string }>;

/** Takes tickets through a function of the command-api's, the one thing that is changed there from here. */
export function createRedeemTicket(pool: Pick<Pool, "query">): RedeemTicket {
  return async (ticket) => {
    const { rows } = isOpaqueToken(ticket)
      ? await pool.query<{ user_id: string; session_id: string }>({
          name: "redeem-ws-ticket",
          text: "SELECT user_id::text, session_id::text FROM directory.redeem_ws_ticket($1)",
          values: [hashOfOpaqueToken(ticket)],
        })
      : { rows: [] };
    const [row] = rows;
    if (row === undefined || !isUserId(row.user_id)) {
      throw new Rejection("unauthenticated", "The ticket is not valid: it is good once, for 30 seconds.");
    }
    return { userId: row.user_id, sessionId: row.session_id };
  };
}
