import type { Client } from "../client.ts";

/** Something too long for a test, with figures at its end. */
export interface Rig {
  readonly name: string;
  /** One line for the help. */
  readonly what: string;
  /** Whether it drives a command; others play this project's own packages in process. */
  readonly drives: "command" | "packages";
  run(options: RigOptions): Promise<readonly Figure[]>;
}

export interface RigOptions {
  /** For rigs that drive a command. */
  readonly client?: Client;
  /** How often, where it counts; each rig has a default. */
  readonly times?: number;
  /** How long, where it is time that counts. */
  readonly seconds?: number;
  /** Size of what is moved. */
  readonly mebibytes?: number;
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** Whether that is as promised; left out where there is no promise. */
  readonly holds?: boolean;
}

/** The client of a rig that needs one. */
export function commandOf({ client }: RigOptions): Client {
  if (client === undefined) throw new Error("this rig drives a command: name one with --client");
  return client;
}

/** Runs `task` so many times, a few at once. */
export async function repeat(
  times: number,
  atOnce: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < times) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, times) }, work));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
