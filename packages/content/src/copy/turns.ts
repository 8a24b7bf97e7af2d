/** Runs work in turn: see {@link createTurns}. */
export type Turns = <T>(key: string | undefined, work: () => Promise<T>) => Promise<T>;

/** Works of one key run one after another, those of different keys, or of none, side by side. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    if (key === undefined) return work();
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, mine);
    return mine;
  };
}
