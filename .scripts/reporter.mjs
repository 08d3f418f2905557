// A jest reporter. It writes the outcome of a run to the file that WIREGUARD_TEST_OUTCOME names;
// test.mjs reads it there.
import { writeFileSync } from 'node:fs'

/**
 * The outcome of a run of jest: the number of tests, and the skipped ones by their reason.
 * @typedef {{ passed: number, failed: number, skipped: Record<string, number> }} Outcome
 */

export default class OutcomeReporter {
  /** @param {{ testNamePattern?: string }} options of the run */
  constructor({ testNamePattern }) {
    this.isFiltered = Boolean(testNamePattern)
  }

  /**
   * @param {unknown} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    /** @type {Outcome['skipped']} */
    const skipped = {}
    for (const { status, ancestorTitles, fullName } of results.testResults.flatMap(
      (suite) => suite.testResults,
    )) {
      if (status === 'passed' || status === 'failed') continue
      // test-fixtures/require.ts puts the reason into the title.
      const reason = /\(skipped: (.+?)\)$/.exec(ancestorTitles.join(' '))?.[1]
      if (reason === undefined && this.isFiltered) continue
      const key = reason ?? `${fullName} (no reason given)`
      skipped[key] = (skipped[key] ?? 0) + 1
    }
    // A suite that could not be loaded has no tests to count, but counts as a failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const outcome = { passed: results.numPassedTests, failed, skipped }
    writeFileSync(process.env.WIREGUARD_TEST_OUTCOME, JSON.stringify(outcome))
  }
}
