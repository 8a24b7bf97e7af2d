/** What the large downloads of one client know of each other: they share a line, a processor and a registry's patience. */
export class Downloads {
  /** Bytes of content that came, for whatever download. */
  bytes = 0;
  /** Connections that large downloads keep busy. */
  connections = 0;
  /** Whether a download is trying out a second connection: two at a time would each see what the other gains. */
  trying = false;
  readonly #atMost: number;
  readonly #withoutRanges = new Set<string>();

  /** @param atMost - connections that large downloads may keep busy before one takes another for its parts. */
  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  get hasFree(): boolean {
    return this.connections < this.#atMost;
  }

  /** Whether a registry, or the storage it sends to, has not answered a range with that range. */
  isWithoutRanges(registry: string): boolean {
    return this.#withoutRanges.has(registry);
  }

  /** Remembers it, for as long as the client lives: nothing but time is lost if it is no longer true. */
  learnWithoutRanges(registry: string): void {
    if (this.#withoutRanges.size >= MAX_REMEMBERED) this.#withoutRanges.clear();
    this.#withoutRanges.add(registry);
  }
}

/** Enough for every registry one talks to. */
const MAX_REMEMBERED = 1000;
