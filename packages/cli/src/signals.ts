import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit-codes.ts";

/** Why a command was stopped. */
export class Interruption extends Error {
  override readonly name: string = "Interruption";
  readonly code: "INTERRUPTED" = "INTERRUPTED";
  readonly exit: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super("interrupted");
    this.exit = signal === "SIGINT" ? EXIT_INTERRUPTED : EXIT_TERMINATED;
  }
}

/** Listens for Ctrl-C and SIGTERM: the first aborts `signal`, the second ends the process at once. */
export function listenForSignals(hooks: {
  /** Says that it is stopping. */
  onFirst(): void;
  /** Leaves the terminal as it was. */
  onSecond(): void;
}): { readonly signal: AbortSignal; readonly close: () => void } {
  const controller = new AbortController();
  const listener = (name: "SIGINT" | "SIGTERM"): void => {
    const interruption = new Interruption(name);
    if (controller.signal.aborted) {
      hooks.onSecond();
      process.exit(interruption.exit);
    }
    hooks.onFirst();
    controller.abort(interruption);
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return {
    signal: controller.signal,
    close: () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    },
  };
}
