/**
 * Something that has to be looked at when its time has come. All of them share one timer. They are links of a chain, for
 * a set of what comes and goes with every request leaves tables behind that keep the dead alive.
 */
export abstract class Deadline {
  /** Neighbours in the chain; none of an own while it is not kept. */
  #before: Deadline | undefined;
  #behind: Deadline | undefined;
  #kept = false;

  /** On the clock of `performance.now()`; infinite while there is nothing to look at. May move at any time. */
  protected abstract dueAt(): number;
  protected abstract due(now: number): void;

  /** Keeps it until it is forgotten. To be called again when it has moved to an earlier time. */
  protected keep(now: number): void {
    if (!this.#kept) {
      if (first === undefined) setReferenced(true);
      else first.#before = this;
      this.#behind = first;
      this.#kept = true;
      first = this;
    }
    const dueAt = this.dueAt();
    if (dueAt === Number.POSITIVE_INFINITY) return;
    if (dueAt < firesAt || firesAt < now - LATE_MILLISECONDS) arm(dueAt, now);
  }

  protected forget(): void {
    if (!this.#kept) return;
    if (this.#before === undefined) first = this.#behind;
    else this.#before.#behind = this.#behind;
    if (this.#behind !== undefined) this.#behind.#before = this.#before;
    this.#before = undefined;
    this.#behind = undefined;
    this.#kept = false;
    if (first === undefined) rest();
  }

  /** Looks at all that are kept; gives the time of the next look. */
  static look(now: number): number {
    // Whoever is told may forget others: the chain is not walked meanwhile.
    const ripe: Deadline[] = [];
    for (let one = first; one !== undefined; one = one.#behind) {
      if (one.dueAt() <= now + EARLY_MILLISECONDS) ripe.push(one);
    }
    for (const one of ripe) if (one.#kept) one.due(now);
    let next = Number.POSITIVE_INFINITY;
    for (let one = first; one !== undefined; one = one.#behind) next = Math.min(next, one.dueAt());
    return next;
  }
}

/** A timer beyond this fires at once. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;
/** A timer that is so late does not come any more: it was made while a test had a clock of its own. */
const LATE_MILLISECONDS = 1_000;
/** Timers may fire a little early. */
const EARLY_MILLISECONDS = 1;

let first: Deadline | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let firesAt = Number.POSITIVE_INFINITY;

function arm(at: number, now: number): void {
  clearTimeout(timer);
  firesAt = at;
  timer = setTimeout(look, Math.min(Math.max(1, Math.ceil(at - now)), LONGEST_TIMER_MILLISECONDS));
}

function look(): void {
  timer = undefined;
  firesAt = Number.POSITIVE_INFINITY;
  const now = performance.now();
  const next = Deadline.look(now);
  // Whoever was told may have begun something new meanwhile, and armed the timer for it.
  if (next < firesAt) arm(next, now);
}

/** With nothing to wait for, the timer stays for the next to come, but keeps no process alive. */
function rest(): void {
  if (setReferenced(false)) return;
  clearTimeout(timer);
  timer = undefined;
  firesAt = Number.POSITIVE_INFINITY;
}

/** Whether that can be said of a timer here: those of Node and Bun are objects, those of browsers and Deno numbers. */
function setReferenced(referenced: boolean): boolean {
  const known: unknown = timer;
  if (typeof known !== "object" || known === null) return false;
  // No type says what a timer is in every runtime; what is not there is not called.
  const { ref, unref } = known as { ref?: () => void; unref?: () => void };
  if (ref === undefined || unref === undefined) return false;
  if (referenced) ref.call(known);
  else unref.call(known);
  return true;
}
