/**
 * Sums vitest's JSON reports over projects into the last line of `make test`.
 *
 * Takes the directory of the reports and `PROJECT=EXIT` of each run. Exits 1 when a test failed, when a run
 * ended badly although its tests passed (an unhandled rejection, a time limit, a file that did not load), or
 * when no test ran at all: silence is not success. Before that line come the names of the tests that failed, and of
 * those that passed only when they were tried again, because what a long run printed of them is far above.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [directory, ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const reasons = [];
const again = [];

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

for (const name of again) console.error(`test: passed when tried again: ${name}`);
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
  for (const file of report.testResults) {
    const name = relative(process.cwd(), file.name ?? '');
    let failed = 0;
    for (const test of file.assertionResults) {
      const told = `${name}: ${test.fullName}${firstLine(test.failureMessages?.at(-1))}`;
      if (test.status === 'passed') sum.passed += 1;
      else if (test.status === 'failed') failed += 1;
      else sum.skipped += 1;
      if (test.status === 'failed') reasons.push(`failed: ${told}`);
      else if (test.status === 'passed' && test.failureMessages?.length > 0) again.push(told);
    }
    // A file that did not load, or whose hooks failed, has no failed test of its own.
    if (file.status === 'failed' && failed === 0) {
      failed = 1;
      reasons.push(`failed: ${name}${firstLine(file.message)}`);
    }
    sum.failed += failed;
  }
  return sum;
}

function firstLine(message) {
  const line = message?.split('\n', 1)[0];
  return line ? ` (${line})` : '';
}
