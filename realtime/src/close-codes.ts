/** Why we close sockets. Codes from 4000 on are ours (`docs/asyncapi.yaml`); the text is for people who debug a client. */
export const closeCodes = {
  restart: { code: 1012, text: "restart, come back" },
  overload: { code: 1013, text: "overload, come back later" },
  binary: { code: 1003, text: "text frames only" },
  tooSlow: { code: 4008, text: "too slow: come back with your cursor" },
  sessionEnded: { code: 4401, text: "session ended" },
  removedFromChat: { code: 4403, text: "removed from the chat that this socket shows" },
  heartbeatMissed: { code: 4408, text: "heartbeat missed" },
  flood: { code: 4429, text: "too many frames" },
} as const;

export type CloseReason = keyof typeof closeCodes;
