/** Counts and times in Prometheus' text format: enough for a graph and an alarm. */
export interface Metrics {
  /** Starts a look-up's clock; call the result with its outcome. */
  start(): (outcome: string) => void;
  text(): string;
}

export function createMetrics(): Metrics {
  const outcomes = new Map<string, number>();
  let inFlight = 0;
  let seconds = 0;
  return {
    start() {
      const started = performance.now();
      inFlight += 1;
      return (outcome) => {
        inFlight -= 1;
        seconds += (performance.now() - started) / 1000;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      };
    },
    text: () =>
      [
        "# TYPE image_lookups_total counter",
        ...[...outcomes].map(([outcome, count]) => `image_lookups_total{outcome="${outcome}"} ${count}`),
        "# TYPE image_lookup_seconds_total counter",
        `image_lookup_seconds_total ${seconds.toFixed(3)}`,
        "# TYPE image_lookups_in_flight gauge",
        `image_lookups_in_flight ${inFlight}`,
        "",
      ].join("\n"),
  };
}
