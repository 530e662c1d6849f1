import { userObject } from "@chat/shared/api/user-object";
import type { Signals } from "@chat/shared/signals/signals";
import type { Profile } from "./accounts.ts";

/** Tells those who are connected; whoever is not asks when he is. Nothing that is only for the account's owner goes along. */
export function createAnnounceProfile({ publish }: Pick<Signals, "publish">): (profile: Profile) => void {
  return ({ userId, name, city, avatar }) =>
    publish({ type: "profile", user: userObject({ id: userId, name, city, avatar }) });
}
