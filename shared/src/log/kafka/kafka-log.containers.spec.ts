import { describeEventLog } from "../event-log.contract.ts";
import { withKafkaLog } from "../../testing/with-kafka.ts";

describeEventLog("Kafka", (use) => withKafkaLog(({ open }) => open().then(use)));
