/** Settings for services under test and under load: specs ask more in a minute than people do. Those about limits set their own. */
export const noRateLimits = {
  RATE_LIMIT_COMMANDS: "0",
  RATE_LIMIT_READS: "0",
  RATE_LIMIT_ACCOUNTS: "0",
} as const;
