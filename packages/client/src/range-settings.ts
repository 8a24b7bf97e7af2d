import type { Ranges } from "@reg/content";
import { RegistryError } from "./errors.ts";

/** What `ranges` means, after defaults. */
export interface RangeSettings {
  readonly connections: number;
  readonly partBytes: number;
  readonly above: number;
  readonly always: boolean;
}

/**
 * Reads the option `ranges`; `undefined` where one connection is all that is wanted.
 *
 * @throws RegistryError `INVALID` for numbers that mean nothing.
 */
export function rangeSettings(ranges: Ranges): RangeSettings | undefined {
  if (ranges === "off" || ranges === 1) return undefined;
  const given =
    typeof ranges === "number" ? { connections: ranges, always: true } : ranges === "auto" ? {} : ranges;
  const settings = {
    connections: positive(given.connections ?? CONNECTIONS, "connections"),
    partBytes: positive(given.partBytes ?? PART_BYTES, "partBytes"),
    above: positive(given.above ?? ABOVE_BYTES, "above"),
    always: given.always ?? false,
  };
  return settings.connections === 1 ? undefined : settings;
}

const MIB = 1024 * 1024;

/** What a limit on each connection leaves of a line is mostly had back by four; more are a burden to the registry. */
const CONNECTIONS = 4;

/** At 50 MB/s a part takes longer than the round trips that ask for it; four of them fit where 32 MiB may lie. */
const PART_BYTES = 8 * MIB;

/** Less is there before it is known whether it pays. */
const ABOVE_BYTES = 64 * MIB;

function positive(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RegistryError("INVALID", `ranges.${name} is a whole number from 1 on, not ${value}.`);
}
