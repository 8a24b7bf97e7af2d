import { networkCases } from "../cases/auth-network.ts";
import { play } from "../stage.ts";
import { commandOf, median, type Rig } from "./rig.ts";

const TIMES = 10;

/** A name whose address of IPv6 swallows every packet. */
export const blackHole: Rig = {
  name: "black-hole",
  what: "time to the first request where IPv6 is a black hole (needs root)",
  drives: "command",
  async run(options) {
    const client = commandOf(options);
    const one = networkCases.find(({ id }) => id === "black-holed-ipv6");
    if (one === undefined) throw new Error("the case is gone");
    const seconds: number[] = [];
    for (let turn = 0; turn < (options.times ?? TIMES); turn++) {
      const verdict = await play(one, client);
      if (verdict.status === "not-applicable") throw new Error(verdict.observed);
      seconds.push(Number(/(\d+\.\d+) s/.exec(verdict.observed)?.[1] ?? Number.POSITIVE_INFINITY));
    }
    return [
      {
        name: "median, start of the process included",
        value: `${median(seconds)} s`,
        holds: median(seconds) < 3,
      },
      { name: "slowest", value: `${Math.max(...seconds)} s`, holds: Math.max(...seconds) < 4 },
    ];
  },
};
