import type { UserObject } from "@chat/shared/api/user-object";

/** What people hear of one another and nobody keeps. */
export type SignalTelling =
  | { readonly kind: "typing"; readonly chatId: string; readonly userId: string; readonly isTyping: boolean }
  | { readonly kind: "presence"; readonly userId: string; readonly status: "online" | "offline" }
  | { readonly kind: "user_updated"; readonly user: UserObject };
