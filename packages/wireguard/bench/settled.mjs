/**
 * Returns the bytes that are reachable, on the heap and outside of it. Waits, because sockets
 * release their buffers some turns of the event loop later.
 */
export async function settled() {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
