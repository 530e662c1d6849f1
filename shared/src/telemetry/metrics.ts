import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

/** Seconds; from a look-up in memory to the longest a request may wait. */
const DEFAULT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * The numbers of one process. Asking for a name again gives the same one: in the embedded run four services share this
 * registry, and what they have in common (HTTP, pools) is counted together.
 */
export interface Metrics {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `collect`, if given, sets the gauge whenever somebody reads it. */
  gauge<L extends string = never>(name: string, help: string, options?: GaugeOptions<L>): Gauge<L>;
  /** In seconds, unless `buckets` says otherwise. */
  histogram<L extends string = never>(name: string, help: string, options?: HistogramOptions<L>): Histogram<L>;
  /** The page that Prometheus reads. */
  page(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface GaugeOptions<L extends string> {
  readonly labels?: readonly L[];
  readonly collect?: (gauge: Gauge<L>) => void | Promise<void>;
}

export interface HistogramOptions<L extends string> {
  readonly labels?: readonly L[];
  readonly buckets?: readonly number[];
}

export interface MetricsOptions {
  /** Memory, CPU and event loop of this process too; not in specs, which make many. */
  readonly process?: boolean;
}

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.process === true) collectDefaultMetrics({ register: registry });

  const once = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make();
  const base = { registers: [registry] };

  return {
    counter: (name, help, labels = []) =>
      once(name, () => new Counter({ ...base, name, help, labelNames: [...labels] })),

    gauge<L extends string>(name: string, help: string, { labels = [], collect }: GaugeOptions<L> = {}) {
      return once(name, () => {
        const gauge: Gauge<L> = new Gauge({
          ...base,
          name,
          help,
          labelNames: [...labels],
          ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
        });
        return gauge;
      });
    },

    histogram: (name, help, { labels = [], buckets = DEFAULT_BUCKETS } = {}) =>
      once(name, () => new Histogram({ ...base, name, help, labelNames: [...labels], buckets: [...buckets] })),

    page: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
