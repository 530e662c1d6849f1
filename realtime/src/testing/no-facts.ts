import type { Facts } from "../tellings.ts";

/** Where an event says all that is to be told. */
export const noFacts: Facts = {
  chatAfter: () => null,
  nameOf: () => null,
  messageNow: () => null,
  fullyReadBy: () => new Map(),
  authorOfRead: () => undefined,
  membersAt: () => undefined,
};
