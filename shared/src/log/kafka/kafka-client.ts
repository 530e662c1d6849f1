import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { Kafka, logLevel, type ISocketFactory, type logCreator, type SASLOptions } from "kafkajs";
import type { Logger } from "../../telemetry/logger.ts";
import { mendKafkajs } from "./mend-kafkajs.ts";

/** A broker that does not even take the connection in this time is away. */
const connectWithinMs = 1_000;
/** A dead peer is noticed after this and a few probes, not after hours. */
const keepAliveMs = 10_000;

export interface KafkaConnection {
  /** `host:port` of some of the brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  readonly ssl?: boolean;
  readonly sasl?: SaslUser;
}

export interface SaslUser {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
}

interface Options extends KafkaConnection {
  /** Names this process in the broker's log. */
  readonly clientId: string;
  readonly log: Logger;
  /** How long an answer is waited for. */
  readonly requestTimeoutMs: number;
}

/** What is tried again inside kafkajs: connecting and asking for metadata, never an append. About three seconds in all. */
export const patience = { initialRetryTime: 50, multiplier: 2, factor: 0.2, maxRetryTime: 1_000, retries: 6 };

export function createKafkaClient({ brokers, ssl = false, sasl, clientId, log, requestTimeoutMs }: Options): Kafka {
  mendKafkajs();
  return new Kafka({
    clientId,
    brokers: [...brokers],
    ssl,
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
    connectionTimeout: connectWithinMs,
    requestTimeout: requestTimeoutMs,
    retry: patience,
    socketFactory: openSocket(ssl),
    logLevel: logLevel.WARN,
    logCreator: logTo(log),
  });
}

/** kafkajs wants each mechanism as a type of its own. */
function saslOptions({ mechanism, username, password }: SaslUser): SASLOptions {
  return mechanism === "plain" ? { mechanism, username, password } : { mechanism, username, password };
}

/** Small requests must not wait for one another (Nagle): an append is one small write that somebody waits for. */
function openSocket(ssl: boolean): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const server = isIP(host) === 0 ? { host, port, servername: host } : { host, port };
    const socket = ssl ? connectTls(server, onConnect) : connectTcp(server, onConnect);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    return socket;
  };
}

/** What kafkajs calls an error is mostly something that it tries again; what matters is thrown and logged by the caller. */
function logTo(log: Logger): logCreator {
  return () =>
    ({ level, namespace, log: { message, timestamp: _timestamp, stack: _stack, ...details } }) => {
      if (level <= logLevel.WARN) log.debug({ ...details, namespace }, `kafkajs: ${message}`);
    };
}
