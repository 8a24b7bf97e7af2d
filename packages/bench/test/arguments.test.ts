import { expect, test } from "vitest";
import { chosen, parseArguments } from "../src/arguments.ts";

test("without arguments everything is run, against distribution", () => {
  expect(parseArguments([], "/here")).toMatchObject({ names: [], rounds: 5, registry: "distribution" });
});

test("files and folders are named from where the command was given", () => {
  const given = parseArguments(
    ["--", "--json", "a.json", "--folder", "/dev/shm", "--markdown", "docs/b.md"],
    "/here",
  );
  expect(given).toMatchObject({ json: "/here/a.json", folder: "/dev/shm", markdown: "/here/docs/b.md" });
});

test.each([["--rounds", "0"], ["--rounds", "many"], ["--registry", "zot"], ["--unknown"]])(
  "%s %s is refused",
  (...args) => {
    expect(() => parseArguments(args, "/here")).toThrow();
  },
);

test("peers are named with commas", () => {
  expect(parseArguments(["pull", "--peers", "crane,curl"], "/here")).toMatchObject({
    names: ["pull"],
    peers: ["crane", "curl"],
  });
});

test("jobs are chosen by a name, or by its beginning where no job has that name", () => {
  const jobs = ["pull-512m", "pull-512m-tls", "push-512m", "heads"].map((name) => ({ name }));
  const names = (...asked: string[]): string[] => chosen(jobs, asked).map(({ name }) => name);
  expect(names()).toHaveLength(4);
  expect(names("pull-512m")).toEqual(["pull-512m"]);
  expect(names("pu", "heads")).toEqual(["pull-512m", "pull-512m-tls", "push-512m", "heads"]);
  expect(() => names("heads", "nothing")).toThrow("no job nothing");
});
