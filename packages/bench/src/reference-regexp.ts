/** The grammar of `distribution/reference`, written as the one regular expression that it is there. */
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[(?:[a-fA-F0-9:]+)\\])`;
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(
  `^(?:(${HOST}(?::[0-9]+)?)/)?(${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@(${DIGEST}))?$`,
);

/** Matches and takes apart; it normalises nothing, which is in its favour. */
export function parseByRegExp(input: string): object | undefined {
  const match = REFERENCE.exec(input);
  return match === null ? undefined : { domain: match[1], path: match[2], tag: match[3], digest: match[4] };
}
