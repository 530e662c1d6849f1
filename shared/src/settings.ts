import Type, { type Static, type TObject } from "typebox";
import { originOf } from "./http/allowed-origins.ts";
import { logLevels } from "./telemetry/logger.ts";

/** Settings that more than one program reads, each said once: the same variable means the same everywhere. */
export const LOG_LEVEL = Type.Enum([...logLevels], {
  default: "info",
  description: "How much is logged: trace, debug, info, warn, error, fatal or silent",
});

export const DATABASE_URL = Type.String({
  pattern: "^postgres(ql)?://",
  secret: true,
  // As an SQLAlchemy program spells it: `.env` files of such programs work here unchanged.
  rewrite: [/^(postgres(?:ql)?)\+\w+:/, "$1:"] as const,
  description: "The PostgreSQL to use",
  expected: "a URL like postgresql://user:password@host:5432/database",
});

/** HS256 wants a key no shorter than its hash. */
export const MIN_SECRET_KEY_BYTES = 32;

export const DATA_DIR = Type.String({
  default: "./data",
  minLength: 1,
  description: "The folder of the embedded PostgreSQL and of the secret made at the first start",
});

/** Where a chat listens that was started without settings. */
export const defaultChatUrl = "http://localhost:8000";

/** For programs that are clients of a chat. */
export const CHAT_URL = Type.String({
  pattern: "^https?://[^\\s/]+/?$",
  default: defaultChatUrl,
  description: "Where the chat listens",
  expected: `a URL like ${defaultChatUrl}`,
});

export const SECRET_KEY = Type.String({
  minLength: MIN_SECRET_KEY_BYTES,
  secret: true,
  description: `Signs access tokens, the same for all services; at least ${MIN_SECRET_KEY_BYTES} bytes`,
});

export const ALGORITHM = Type.Literal("HS256", { default: "HS256", description: "How access tokens are signed" });

export const ACCESS_TOKEN_EXPIRE_MINUTES = Type.Integer({
  minimum: 1,
  maximum: 60 * 24 * 30,
  default: 30,
  description: "How long an access token lasts",
});

/** The partitions of a log never change: 16 are as many owners as anybody will run, and cost an embedded run nothing. */
export const defaultPartitions = 16;
export const PARTITIONS = Type.Integer({
  minimum: 1,
  maximum: 1024,
  default: defaultPartitions,
  description: "Partitions of the log, decided when it is made",
});

/** Where nobody makes a log the count is only compared, and only where somebody says it. */
export const EXPECTED_PARTITIONS = Type.Integer({
  minimum: 1,
  maximum: 1024,
  description: "Partitions that the log is expected to have; where it has others, nothing starts",
});

/** Instances of command-api send one another commands, past any gateway. */
export const INSTANCE_URL = Type.String({
  pattern: "^http://[^/]+$",
  description: "Where other instances of command-api reach this one; by default its host's name and PORT",
  expected: "a URL like http://10.0.0.7:3001",
});

/** Where pages are developed. It stands for ALLOWED_ORIGINS over HTTP; at a socket's handshake only what is set counts. */
export const defaultAllowedOrigins: readonly string[] = ["http://localhost:3000"];

export const KAFKA_BROKERS = Type.Array(Type.String({ pattern: "^[^\\s:]+:\\d{1,5}$" }), {
  description: "Kafka brokers; without them the log is in PostgreSQL",
  expected: "host:port, several separated by commas",
});

/** Which log it is, and how to reach it: the same for all services and for the step that makes it. */
export const logSettings = {
  KAFKA_BROKERS: Type.Optional(KAFKA_BROKERS),
  KAFKA_TOPIC: Type.String({
    pattern: "^[\\w.-]{1,249}$",
    default: "chat-events",
    description: "The topic that is the log",
    expected: "letters, digits, dots, dashes and underscores",
  }),
  KAFKA_SIGNALS_TOPIC: Type.String({
    pattern: "^[\\w.-]{1,249}$",
    default: "chat-signals",
    description: "The topic for what nobody keeps: who types, who is there",
    expected: "letters, digits, dots, dashes and underscores",
  }),
  LOG_DURABILITY: Type.Enum(["replicated", "single"], {
    default: "replicated",
    description: "What Kafka must promise: two replicas in sync at least, or to survive a kill -9 of its one broker",
  }),
  KAFKA_SSL: Type.Boolean({ default: false, description: "Speak TLS to the brokers" }),
  KAFKA_SASL_MECHANISM: Type.Enum(["plain", "scram-sha-256", "scram-sha-512"], {
    default: "scram-sha-512",
    description: "How KAFKA_USERNAME proves who it is",
  }),
  KAFKA_USERNAME: Type.Optional(Type.String({ description: "Who one is to the brokers; without it nobody is asked" })),
  KAFKA_PASSWORD: Type.String({ default: "", secret: true, description: "Of KAFKA_USERNAME" }),
};

export const ALLOWED_ORIGINS = Type.Array(Type.String(), {
  item: (text: string) => (text === "*" ? text : originOf(text)),
  description:
    "Web pages that may call from a browser (CORS), separated by commas, * for any; http://localhost:3000 when not set. " +
    "Once set, only they and our own page may open sockets",
  expected: "origins like https://chat.example.org, without a path, separated by commas, or *",
});

/** Enough for a person who types fast and a client that reads on his behalf. */
export const WS_FLOOD_BURST = Type.Integer({
  minimum: 1,
  default: 60,
  description: "Frames that one socket may send at once; beyond, it is warned and then closed with 4429",
});

export const WS_FLOOD_PER_SECOND = Type.Integer({
  minimum: 1,
  default: 20,
  description: "Frames a second that one socket may send in the long run",
});

/** What people may upload: a hundred megabytes are a long video from a phone. */
export const defaultUploadLimits = { maxFileBytes: 104_857_600, maxBytes: 5_368_709_120, maxFiles: 10_000 };

export const uploadSettings = {
  FILE_MAX_BYTES: Type.Integer({
    minimum: 1,
    default: defaultUploadLimits.maxFileBytes,
    description: "How large one uploaded file may be",
  }),
  USER_FILES_MAX_BYTES: Type.Integer({
    minimum: 1,
    default: defaultUploadLimits.maxBytes,
    description: "How large all files of one user may be together",
  }),
  USER_FILES_MAX_COUNT: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: defaultUploadLimits.maxFiles,
    description: "How many files one user may have",
  }),
};

/** The same as the services take them. */
export function uploadLimitsOf(settings: Static<TObject<typeof uploadSettings>>): typeof defaultUploadLimits {
  const { FILE_MAX_BYTES: maxFileBytes, USER_FILES_MAX_BYTES: maxBytes, USER_FILES_MAX_COUNT: maxFiles } = settings;
  return { maxFileBytes, maxBytes, maxFiles };
}

const callsAMinute = (defaultCount: number, what: string) =>
  Type.Integer({
    minimum: 0,
    default: defaultCount,
    description: `${what} a minute, on each instance; 0 for no limit`,
  });

/** As much as a socket may send; a person reads more than he writes, and a page asks for many things when it opens. */
export const rateSettings = {
  RATE_LIMIT_COMMANDS: callsAMinute(1_200, "Calls that change something, over HTTP and from all sockets, of one user,"),
  RATE_LIMIT_READS: callsAMinute(3_000, "Calls that read, of one user, or of one address without a token,"),
  RATE_LIMIT_ACCOUNTS: callsAMinute(60, "Registrations, log-ins and refreshes from one address"),
  TRUST_PROXY: Type.Boolean({
    default: false,
    description: "A gateway in front overwrites X-Forwarded-For, so that it tells where a call comes from",
  }),
};

/** The TCP port of a program; 0 is any that is free. */
export function portOr(defaultPort: number) {
  return Type.Integer({ minimum: 0, maximum: 65_535, default: defaultPort, description: "The TCP port to listen on" });
}
