// Last line of CI: "N passed, N failed". A run without tests, with skipped tests or that ended badly has failed.
import { readFileSync } from "node:fs";

const [file, status] = process.argv.slice(2);
let passed = 0;
let failed = 0;
try {
  const results = JSON.parse(readFileSync(file, "utf8"));
  passed = results.numPassedTests;
  failed = results.numFailedTests;
  const skipped = results.numPendingTests + results.numTodoTests;
  if (skipped > 0) {
    console.log(`ci: ${skipped} tests were skipped; none may be`);
    failed += skipped;
  }
  if (status !== "0" && failed === 0) failed = 1;
} catch (error) {
  console.log(`ci: no test results: ${error.message}`);
}
if (passed === 0) failed = Math.max(failed, 1);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
