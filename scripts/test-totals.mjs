/**
 * Sums vitest's JSON reports over projects into the last line of `make test`.
 *
 * Takes the directory of the reports and `PROJECT=EXIT` of each run. Exits 1 when a test failed, when a run
 * ended badly although its tests passed (an unhandled rejection, a time limit, a file that did not load), or
 * when no test ran at all: silence is not success.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory, ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const reasons = [];

for (const run of runs) {
  const [project, exit] = run.split('=');
  const sum = totalsOf(join(directory, `${project}.json`));
  // Each kind of trouble that the counts do not show counts as one failed test.
  if (sum === undefined) add({ passed: 0, failed: 1, skipped: 0 }, `${project}: no report (exit ${exit})`);
  else if (exit !== '0' && sum.failed === 0)
    add({ ...sum, failed: 1 }, `${project}: exit ${exit} without a failed test`);
  else if (sum.passed + sum.failed === 0) add({ ...sum, failed: 1 }, `${project}: no test ran`);
  else add(sum);
}

for (const reason of reasons) console.error(`test: ${reason}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

function add(sum, reason) {
  for (const key of Object.keys(total)) total[key] += sum[key];
  if (reason !== undefined) reasons.push(reason);
}

function totalsOf(file) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of report.testResults) {
    let failed = 0;
    for (const test of assertionResults) {
      if (test.status === 'passed') sum.passed += 1;
      else if (test.status === 'failed') failed += 1;
      else sum.skipped += 1;
    }
    // A file that did not load, or whose hooks failed, has no failed test of its own.
    if (status === 'failed' && failed === 0) failed = 1;
    sum.failed += failed;
  }
  return sum;
}
