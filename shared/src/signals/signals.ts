import type { Service } from "../lifecycle.ts";
import type { Signal } from "./signal.ts";

/**
 * What instances tell each other that is of no use a moment later: who types, who is there. Nothing is kept, so nothing
 * is replayed, and what cannot be delivered now is lost without a word. Whoever hears them must be right again by himself.
 */
export interface Signals {
  /** Never waits and never fails. */
  publish(signal: Signal): void;
  /** From about now on every signal of everybody, of this process too; those of one publisher in their order. Returns what ends it. */
  subscribe(hear: (signal: Signal) => void): () => void;
}

/** To be started before those who publish and stopped after them. Comes back by itself when its server does. */
export interface SignalsService extends Signals, Service {
  /** Signals that were given to `publish` and surely reached nobody. */
  lost(): number;
}
