import type { Call } from "../call.ts";
import { completionScript } from "../completion.ts";

export async function run(call: Call): Promise<undefined> {
  const shell = call.argument("SHELL");
  if (shell !== "bash" && shell !== "zsh" && shell !== "fish") throw new Error(`unexpected shell ${shell}`);
  call.output.stdout.write(completionScript(shell));
}
