import { readDockerfile, splitWords } from "./dockerfile-lines.ts";
import { type ExpandOptions, expandVariables } from "./expand-variables.ts";
import type { FileReference } from "./file-reference.ts";
import { type MappedText, NOWHERE, sliceMapped } from "./mapped-text.ts";

/**
 * The images a Dockerfile names: its frontend, what its stages begin from, what `COPY --from` and
 * `RUN --mount=from=` read. Stages of its own and `scratch` are none.
 *
 * `variables` go before the defaults that `ARG` gives, as `--build-arg` does.
 */
export function findDockerfileReferences(
  text: string,
  variables: Readonly<Record<string, string>> = {},
): readonly FileReference[] {
  const { directives, escapeCharacter, instructions } = readDockerfile(text);
  const found: FileReference[] = [];
  const frontend = directives.get("syntax");
  if (frontend !== undefined && frontend.text !== "") found.push(refer("syntax", frontend, frontend));

  const globals = new Map<string, MappedText>();
  const scope: ExpandOptions = { lookup: (name) => globals.get(name), quotes: true, escape: escapeCharacter };
  const stages: string[] = [];
  const isStage = (name: string): boolean => stages.includes(name.toLowerCase());

  for (const instruction of instructions) {
    const all = splitWords(instruction);
    const [command, ...words] = all[0]?.text.toLowerCase() === "onbuild" ? all.slice(1) : all;
    const flags = words.slice(
      0,
      indexOrEnd(words, (word) => !word.text.startsWith("--")),
    );
    const rest = words.slice(flags.length);
    switch (command?.text.toLowerCase()) {
      case "arg":
        // After the first stage begins, they are that stage's own, and no FROM sees them.
        if (stages.length === 0) for (const word of rest) declare(word, globals, variables, scope);
        break;
      case "from": {
        const [image, as, name] = rest;
        if (image !== undefined) {
          const expansion = expandVariables(image, scope);
          const value = expansion.ok ? expansion.value : undefined;
          const known = value !== undefined && (value.text === "scratch" || isStage(value.text));
          if (!known) found.push(refer("FROM", image, value, expansion.ok ? undefined : expansion.variable));
        }
        stages.push(as?.text.toLowerCase() === "as" ? (name?.text.toLowerCase() ?? "") : "");
        break;
      }
      case "copy":
        for (const flag of flags)
          if (flag.text.startsWith("--from=")) add("COPY --from", sliceMapped(flag, 7));
        break;
      case "run":
        for (const flag of flags) if (flag.text.startsWith("--mount=")) addMount(sliceMapped(flag, 8));
        break;
    }
  }
  return found;

  function addMount(mount: MappedText): void {
    const match = /(?:^|,)from=([^,]*)/.exec(mount.text);
    if (match === null) return;
    const end = match.index + match[0].length;
    add("RUN --mount from", sliceMapped(mount, end - (match[1] ?? "").length, end));
  }

  function add(role: string, source: MappedText): void {
    // A number names a stage by its place. Variables are not replaced here by the builder.
    if (source.text === "" || /^\d+$/.test(source.text) || isStage(source.text) || source.text === "scratch")
      return;
    const variable = /\$\{?(\w*)/.exec(source.text)?.[1];
    found.push(refer(role, source, variable === undefined ? source : undefined, variable));
  }
}

function declare(
  word: MappedText,
  globals: Map<string, MappedText>,
  variables: Readonly<Record<string, string>>,
  scope: ExpandOptions,
): void {
  const equals = word.text.indexOf("=");
  const name = equals < 0 ? word.text : word.text.slice(0, equals);
  const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (given !== undefined) {
    globals.set(name, { text: given, offsets: Array.from({ length: given.length }, () => NOWHERE) });
  } else if (equals >= 0) {
    const expansion = expandVariables(sliceMapped(word, equals + 1), scope);
    if (expansion.ok) globals.set(name, expansion.value);
  }
}

function refer(
  role: string,
  at: MappedText,
  value: MappedText | undefined,
  variable?: string,
): FileReference {
  const offset = at.offsets[0] ?? 0;
  const span = { offset, length: (at.offsets.at(-1) ?? offset - 1) + 1 - offset, exact: true };
  return variable === undefined ? { role, span, value } : { role, span, value, variable };
}

function indexOrEnd<T>(items: readonly T[], test: (item: T) => boolean): number {
  const index = items.findIndex(test);
  return index < 0 ? items.length : index;
}
