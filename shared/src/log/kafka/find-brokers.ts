import type { Logger } from "../../telemetry/logger.ts";
import { createKafkaClient } from "./kafka-client.ts";
import type { KafkaLogAddress } from "./kafka-connection.ts";
import { withAdmin } from "./with-admin.ts";

const requestTimeoutMs = 10_000;

/** Asks and makes nothing, so that it can be said beside other faults. Throws `CannotStart` when no broker answers. */
export const findBrokers = (
  options: KafkaLogAddress & { readonly clientId: string; readonly log: Logger },
): Promise<void> =>
  withAdmin(createKafkaClient({ ...options, requestTimeoutMs }), options.brokers, async () => undefined);
