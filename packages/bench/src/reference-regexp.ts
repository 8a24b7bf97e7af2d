/** The grammar of `distribution/reference`, written as the one regular expression that it is there. */
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[(?:[a-fA-F0-9:]+)\\])`;
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(
  `^(?:(${HOST}(?::[0-9]+)?)/)?(${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@(${DIGEST}))?$`,
);
const IDENTIFIER = /^[a-f0-9]{64}$/;
const KNOWN_DIGEST = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;

/** What both return of an input that they take. */
export interface Matched {
  readonly domain: string | undefined;
  readonly path: string | undefined;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Matches and cuts, and nothing else: no name is completed, no length or digest checked. */
export function matchByRegExp(input: string): Matched | undefined {
  const match = REFERENCE.exec(input);
  return match === null ? undefined : { domain: match[1], path: match[2], tag: match[3], digest: match[4] };
}

/** The whole job, in the steps of `ParseNormalizedNamed`. */
export function parseByRegExp(input: string): Matched | undefined {
  if (IDENTIFIER.test(input)) return undefined;
  const [domain, remainder] = splitDomain(input);
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  const path = match?.[2];
  const digest = match?.[4];
  if (match?.[1] === undefined || path === undefined || path.length > 255) return undefined;
  if (digest !== undefined && !KNOWN_DIGEST.test(digest)) return undefined;
  return { domain: match[1], path, tag: match[3], digest };
}

function splitDomain(input: string): [domain: string, remainder: string] {
  const slash = input.indexOf("/");
  if (slash < 0) return ["docker.io", `library/${input}`];
  const first = input.slice(0, slash);
  if (first !== "localhost" && !/[.:A-Z]/.test(first)) return ["docker.io", input];
  const domain = first === "index.docker.io" ? "docker.io" : first;
  const remainder = input.slice(slash + 1);
  return [domain, domain === "docker.io" && !remainder.includes("/") ? `library/${remainder}` : remainder];
}
