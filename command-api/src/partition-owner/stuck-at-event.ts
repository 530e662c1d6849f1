import { LogHalted } from "@chat/shared/log/event-log";

/**
 * An event that cannot be understood, or does not follow on. The log is what it was, so this is not for ever: once an
 * operator has skipped the event, its partition goes on behind it.
 */
export class StuckAtEvent extends LogHalted {}
