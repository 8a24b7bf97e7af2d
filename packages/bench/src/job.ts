/** What one turn of one contestant cost. */
export interface Cost {
  readonly round: number;
  readonly wallSeconds: number;
  /** User and system time of the command and what it started. */
  readonly cpuSeconds: number;
  /** 0 where it ended before anybody could look. */
  readonly peakBytes: number;
  /** CPU time of this program meanwhile, which the delay proxy is a part of. */
  readonly benchCpuSeconds: number;
}

/** What passed on the way to the registry. */
export interface Counts {
  readonly requests: number;
  readonly connections: number;
}

/**
 * What a contestant stands for. `peer`: another client at its defaults. `raised`: with as much in flight as ours.
 * `unsynced`: ours, which leaves its files to the system as peers do. `synced`: with its files on the disk before it has ended, as ours are. `limit`: what the system's tools need for the
 * bytes alone. `beside`: something that is no client.
 */
export type Role = "ours" | "unsynced" | "peer" | "raised" | "synced" | "limit" | "beside";

export interface Contestant {
  readonly name: string;
  readonly role: Role;
  /** Makes its target empty. The first turn, 0, is not timed: it counts requests, and warms everything up. */
  ready(turn: number): Promise<Turn>;
}

export interface Turn {
  readonly command: readonly string[];
  /** Whether the command prints what it cost itself (see `in-process/report-cost.ts`), rather than cost that as a whole. */
  readonly reports?: boolean | undefined;
  /** Beside this program's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How often the command runs within the turn; the cost is that of one. Default 1. */
  readonly times?: number | undefined;
  /** Of this turn so far. */
  readonly counts?: (() => Counts | Promise<Counts>) | undefined;
}

/** One job that all contestants do in turn. */
export interface Job {
  readonly name: string;
  readonly what: string;
  /** How many rounds it takes where so many are asked for. */
  rounds(asked: number): number;
  /** Starts what the job needs. */
  prepare(): Promise<Stage>;
}

export interface Stage extends AsyncDisposable {
  readonly contestants: readonly Contestant[];
  /** What a turn reads, and is to be in the page cache. */
  readonly reads?: readonly string[] | undefined;
  /** How much it writes: so many pages are touched before each turn, so that the system has them at hand. */
  readonly writesBytes?: number | undefined;
}

/** How one contestant did in one job. */
export interface Result {
  readonly job: string;
  readonly contestant: string;
  readonly role: Role;
  readonly costs: readonly Cost[];
  readonly counts?: Counts | undefined;
}
