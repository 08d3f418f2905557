/** @import { Outcome } from './jest.mjs' */

/** Adds up several runs of jest; the last line it prints is the one that counts them all. */
export class Summary {
  #passed = 0
  #failed = 0
  #status = 0
  #ran = false
  /**
   * @type {Map<string, number>} the sentence that says how to enable a test, and how many tests
   * wait for it
   */
  #skipped = new Map()

  /**
   * @param {Outcome} outcome
   */
  add({ status, results }) {
    this.#status ||= status
    if (results === undefined) return
    this.#ran = true
    this.#passed += results.numPassedTests
    // A suite that could not be loaded has no tests to count, and must not look like none failed.
    this.#failed += results.numFailedTests + results.numRuntimeErrorTestSuites
    for (const { assertionResults } of results.testResults) {
      for (const { status: outcome, ancestorTitles } of assertionResults) {
        if (outcome !== 'passed' && outcome !== 'failed') this.#skip(ancestorTitles.join(' '))
      }
    }
  }

  /**
   * Prints why tests were skipped, and then, as the very last line, the counts (nothing when jest
   * ran no tests).
   * @param {{ requireAll: boolean }} options requireAll: a skipped test is a failure
   * @returns {number} the exit status
   */
  print({ requireAll }) {
    if (!this.#ran) return this.#status
    const skipped = [...this.#skipped.values()].reduce((sum, count) => sum + count, 0)
    const lines = [...this.#skipped].map(([why, count]) => `skipped ${count}: ${why}`)
    if (requireAll && skipped > 0) {
      lines.push('WIREGUARD_TEST_REQUIRE=all allows no skipped test, so this run has failed')
      this.#status ||= 1
    }
    if (this.#failed > 0) this.#status ||= 1
    lines.push(`Tests: ${this.#passed} passed, ${this.#failed} failed, ${skipped} skipped`)
    process.stdout.write(`\n${lines.join('\n')}\n`)
    return this.#status
  }

  /**
   * @param {string} title of the suites around the test; test-fixtures/require.ts puts the sentence
   * into it
   */
  #skip(title) {
    const why =
      /\(skipped: (.+?)\)$/.exec(title)?.[1] ?? 'no reason given (it.skip, todo, or a filter)'
    this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + 1)
  }
}
