import { describe, expect, test } from "vitest";
import { findCommand, parseCall } from "../src/parse-call.ts";
import { COMMANDS } from "../src/table.ts";

function parse(line: string): ReturnType<typeof parseCall> {
  const found = findCommand(line.split(" "), COMMANDS);
  if (found.kind !== "command") throw new Error(`no command in ${line}`);
  return parseCall(found.definition, found.rest);
}

function failure(line: string): string {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof Error && "hint" in error) return `${error.message}; ${error.hint}`;
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

describe("finding the command", () => {
  test("common options may stand before it", () => {
    const { definition, options } = parse("--json --ca roots.pem tags localhost:5000/a");
    expect(definition.name).toBe("tags");
    expect(options.get("json")).toBe(true);
    expect(options.get("ca")).toEqual(["roots.pem"]);
  });

  test("two words name a command of a group, and options may stand between them", () => {
    expect(parse("blob -q get a@b").definition.name).toBe("blob get");
  });

  test("a group's first word is a command of its own where the second is none", () => {
    expect(parse("manifest alpine").definition.name).toBe("manifest");
    expect(parse("manifest get alpine").definition.name).toBe("manifest get");
  });

  test("a word that is no command is told with the nearest one", () => {
    expect(failure("pusch a b")).toBe('"pusch" is not a command of reg; did you mean `reg push`?');
    expect(failure("blob gte a")).toBe('"blob gte" is not a command of reg; did you mean `reg blob get`?');
    expect(failure("xyzzy")).toBe('"xyzzy" is not a command of reg; `reg help` lists them');
  });
});

describe("reading options and arguments", () => {
  test("options may stand anywhere, be repeated, and be joined to their value", () => {
    const { options, arguments: words } = parse("push oci:x -t 1 localhost:5000/a:1 --tag=2 -q");
    expect(options.get("tag")).toEqual(["1", "2"]);
    expect(words.get("SOURCE")).toEqual(["oci:x"]);
    expect(words.get("REF")).toEqual(["localhost:5000/a:1"]);
  });

  test("the argument that takes many leaves what the others need", () => {
    const { arguments: words } = parse("tag a:1 2 3 4");
    expect(words.get("REF")).toEqual(["a:1"]);
    expect(words.get("TAG")).toEqual(["2", "3", "4"]);
  });

  test("after -- nothing is an option", () => {
    expect(parse("ref parse -- --json").arguments.get("REF")).toEqual(["--json"]);
  });

  test("asked for help, arguments are not missed", () => {
    expect(parse("pull --help").help).toBe(true);
  });

  test.each([
    ["pull", "REF is missing; usage: reg pull REF TARGET [options]"],
    ["pull a b c", '"c" is one argument too many; usage: reg pull REF TARGET [options]'],
    ["tags a --limt 3", "reg tags has no option --limt; did you mean --limit?"],
    ["tags a --limit", "--limit needs a value (N); `reg tags --help` lists its options"],
    [
      "tags a --limit --json",
      '--limit needs a value (N); a value that begins with "-" is written --limit=VALUE',
    ],
    ["tags a --json=yes", "--json takes no value; `reg tags --help` lists its options"],
    ["tags a --limit 0", '--limit is a whole number of at least 1, not "0"; undefined'],
    ["tags a --limit 1e3", '--limit is a whole number of at least 1, not "1e3"; undefined'],
    ["tags a --family 5", '--family is one of 4, 6, auto, not "5"; undefined'],
    ["completion tcsh", 'SHELL is one of bash, zsh, fish, not "tcsh"; usage: reg completion SHELL [options]'],
  ])("%s is wrong usage", (line, message) => {
    expect(failure(line)).toBe(message);
  });

  test("no command takes one name for two options, and every definition is complete", () => {
    for (const command of COMMANDS) {
      const { options } = parseCall(command, ["--help"]);
      expect(options.has("help"), command.name).toBe(true);
      const names = command.options.flatMap((option) => [option.name, option.short ?? option.name]);
      expect(new Set(command.options.map((option) => option.name)).size, command.name).toBe(
        command.options.length,
      );
      for (const taken of ["u", "q", "h", "json", "platform"])
        expect(names, command.name).not.toContain(taken);
      expect(command.examples.length, command.name).toBeGreaterThan(0);
    }
    expect(new Set(COMMANDS.map((command) => command.name)).size).toBe(COMMANDS.length);
  });
});
