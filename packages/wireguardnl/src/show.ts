// From 40 characters on, as in the model: users paste private keys into other fields.
const KEY_LIKE = /[A-Za-z0-9+/]{40}/

/**
 * A text of the caller's as it may appear in an error: quoted, unless it may hold a key or is long.
 */
export function show(text: string): string {
  return KEY_LIKE.test(text) || text.length > 200 ? '(hidden)' : JSON.stringify(text)
}
