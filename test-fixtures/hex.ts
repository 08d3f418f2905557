/**
 * Parses annotated hexadecimal: pairs of digits, "text", `x32` to repeat the byte before it (32 in
 * all). `#` begins a comment, `|` separates.
 */
export function hex(text: string): Uint8Array {
  const bytes: number[] = []
  for (const [token] of text.replaceAll(/#.*/g, '').matchAll(/"[^"]*"|[^\s|]+/g)) {
    if (token.startsWith('"')) {
      bytes.push(...new TextEncoder().encode(token.slice(1, -1)))
    } else if (/^x\d+$/.test(token)) {
      const last = bytes.at(-1)!
      for (let count = 1; count < Number(token.slice(1)); count += 1) bytes.push(last)
    } else if (/^(?:[0-9a-f]{2})+$/.test(token)) {
      bytes.push(...Buffer.from(token, 'hex'))
    } else {
      throw new Error(`not hex: ${token}`)
    }
  }
  return Uint8Array.from(bytes)
}
