/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.3). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By lower-case name, unquoted; an object without a prototype. */
  readonly params: Readonly<Record<string, string>>;
  readonly token68?: string;
}

/** Far above any challenge seen; lines beyond it are not read. */
export const CHALLENGE_LIMIT_BYTES = 16_384;

/**
 * Reads the challenges of one `WWW-Authenticate` header, or of several, in the order they came (RFC 9110, section
 * 11.6.1). Lenient where real registries are: unquoted values with `:` and `/`, missing commas, unterminated quotes.
 * Of a parameter that comes twice the first counts; `scope` is joined. Never throws, and takes linear time.
 *
 * @example
 * ```ts
 * import { parseChallenges } from "@reg/auth";
 * const [first] = parseChallenges('Bearer realm="https://auth.docker.io/token",service="registry.docker.io"');
 * console.log(first?.params["realm"]); // "https://auth.docker.io/token"
 * ```
 */
export function parseChallenges(header: string | readonly string[]): Challenge[] {
  const challenges: MutableChallenge[] = [];
  let budget = CHALLENGE_LIMIT_BYTES;
  for (const line of typeof header === "string" ? [header] : header) {
    budget -= line.length;
    if (budget < 0) break;
    new Scanner(line).readInto(challenges);
  }
  return challenges;
}

interface MutableChallenge {
  readonly scheme: string;
  readonly params: Record<string, string>;
  token68?: string;
}

/** Each character is looked at a bounded number of times: whatever a step looks ahead at, the next one consumes. */
class Scanner {
  readonly #text: string;
  #at = 0;
  /** The challenge whose parameters are being read; a line never continues the one before it. */
  #current: MutableChallenge | undefined;
  /** Whether the last thing read was an unquoted scope, whose commas look like list separators. */
  #afterBareScope = false;

  constructor(text: string) {
    this.#text = text;
  }

  readInto(challenges: MutableChallenge[]): void {
    for (;;) {
      const start = this.#at;
      this.#skip(isSeparator);
      if (this.#at >= this.#text.length) return;
      const glued = this.#at - start === 1 && this.#text[start] === ",";
      const name = this.#take(isTokenCharacter);
      if (name === "") {
        this.#skipElement();
        continue;
      }
      const end = this.#at;
      this.#skip(isBlank);
      if (this.#text[this.#at] === "=") {
        this.#at += 1;
        this.#readValue(name.toLowerCase());
      } else if (end < this.#text.length && !isSeparator(this.#text.charCodeAt(end))) {
        this.#skipElement();
      } else if (glued && this.#afterBareScope && isAction(name) && this.#current !== undefined) {
        this.#current.params["scope"] += `,${name}`;
      } else {
        this.#readScheme(name.toLowerCase(), challenges);
      }
    }
  }

  #readScheme(scheme: string, challenges: MutableChallenge[]): void {
    this.#afterBareScope = false;
    // Without a prototype, a parameter named `__proto__` is one like any other.
    this.#current = { scheme, params: Object.create(null) as Record<string, string> };
    challenges.push(this.#current);
    const start = this.#at;
    const body = this.#take(isToken68Character);
    const padding = this.#take(isEquals);
    const end = this.#at;
    this.#skip(isBlank);
    if (body !== "" && (this.#at >= this.#text.length || this.#text[this.#at] === ",")) {
      this.#current.token68 = body + padding;
      this.#at = end;
    } else {
      this.#at = start;
    }
  }

  #readValue(name: string): void {
    this.#skip(isBlank);
    const quoted = this.#text[this.#at] === '"';
    const value = quoted ? this.#takeQuoted() : this.#take(isBareCharacter);
    // What is glued to a closing quote belongs to nothing.
    if (quoted) this.#skip(isBareCharacter);
    this.#afterBareScope = !quoted && name === "scope";
    const params = this.#current?.params;
    if (params === undefined) return;
    const before = params[name];
    if (before === undefined) params[name] = value;
    else if (name === "scope") params[name] = `${before} ${value}`;
  }

  #takeQuoted(): string {
    let value = "";
    let run = this.#at + 1;
    for (let at = run; at < this.#text.length; at += 1) {
      const character = this.#text[at];
      if (character === "\\" && at + 1 < this.#text.length) {
        value += this.#text.slice(run, at);
        at += 1;
        run = at;
      } else if (character === '"') {
        this.#at = at + 1;
        return value + this.#text.slice(run, at);
      }
    }
    this.#at = this.#text.length;
    return value + this.#text.slice(run);
  }

  /** Goes past what no rule explains, to the next comma outside quotes. */
  #skipElement(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== ",") {
      if (this.#text[this.#at] === '"') this.#takeQuoted();
      else this.#at += 1;
    }
  }

  #skip(accepts: (code: number) => boolean): void {
    while (this.#at < this.#text.length && accepts(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #take(accepts: (code: number) => boolean): string {
    const start = this.#at;
    this.#skip(accepts);
    return this.#text.slice(start, this.#at);
  }
}

const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;
const EQUALS = 0x3d;

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isSeparator(code: number): boolean {
  return code === COMMA || isBlank(code);
}

function isEquals(code: number): boolean {
  return code === EQUALS;
}

function isBareCharacter(code: number): boolean {
  return !isSeparator(code);
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** RFC 9110, section 5.6.2. */
function isTokenCharacter(code: number): boolean {
  return isAlphanumeric(code) || (code < 0x80 && "!#$%&'*+-.^_`|~".includes(String.fromCharCode(code)));
}

/** RFC 9110, section 11.2, without the padding. */
function isToken68Character(code: number): boolean {
  return isAlphanumeric(code) || (code < 0x80 && "-._~+/".includes(String.fromCharCode(code)));
}

function isAction(name: string): boolean {
  return name === "pull" || name === "push" || name === "delete" || name === "*";
}
