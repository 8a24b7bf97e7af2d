/** Adds up what the test runs of all packages reported; fails where a test failed or none ran. */
import { globSync, readFileSync } from "node:fs";

const kinds = process.argv.slice(2);
const files = (kinds.length === 0 ? ["unit"] : kinds).flatMap((kind) =>
  globSync(`{packages,examples}/*/.reports/${kind}.json`),
);
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  const report = JSON.parse(readFileSync(file, "utf8"));
  sum.passed += report.numPassedTests;
  // A file that cannot even be loaded counts as one failure.
  const unloadable = report.testResults.filter(
    (r) => r.status === "failed" && r.assertionResults.length === 0,
  );
  sum.failed += report.numFailedTests + unloadable.length;
  sum.skipped += report.numPendingTests + report.numTodoTests;
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
