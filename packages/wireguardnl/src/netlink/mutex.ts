/** Lets one holder in at a time, in the order of asking. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve()

  /** Resolves when it is this caller's turn, to the function that ends it. */
  async acquire(): Promise<() => void> {
    const before = this.#tail
    let release: (() => void) | undefined
    this.#tail = new Promise((resolve) => {
      release = resolve
    })
    await before
    return () => release?.()
  }
}
