import type { Offsets } from "./offsets.ts";
import type { DeviceStream } from "./streams.ts";

/**
 * What shows that frames have arrived: WebSocket keeps their order, so the answer to a ping, or to our farewell, proves
 * all that was told before it.
 */
export interface Proofs {
  /** The other side was there: it sent something, or ended the connection itself. */
  heard(): void;
  /** The last ping was not answered yet. */
  pongIsDue(): boolean;
  pinged(number: number): void;
  ponged(number: number | null): void;
  saidFarewell(): void;
  farewellAnswered(): void;
}

/** How far a stream was told at some moment. */
interface Told {
  readonly stream: DeviceStream;
  readonly offsets: Offsets;
}

export function createProofs(streams: ReadonlyMap<string | null, DeviceStream>): Proofs {
  let ping: { readonly number: number; readonly told: readonly Told[] } | null = null;
  let toldBeforeFarewell: readonly Told[] = [];

  const toldNow = (): Told[] => [...streams.values()].map((stream) => ({ stream, offsets: stream.place.offsets() }));

  function prove(told: readonly Told[]): void {
    for (const { stream, offsets } of told) stream.cursor.prove(offsets);
  }

  function heard(): void {
    for (const { cursor } of streams.values()) cursor.heard();
  }

  return {
    heard,
    pongIsDue: () => ping !== null,
    pinged: (number) => void (ping = { number, told: toldNow() }),
    ponged(number) {
      heard();
      if (ping?.number !== number) return;
      prove(ping.told);
      ping = null;
    },
    saidFarewell: () => void (toldBeforeFarewell = toldNow()),
    farewellAnswered: () => prove(toldBeforeFarewell),
  };
}
