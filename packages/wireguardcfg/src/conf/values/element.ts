/** Where an element of a list begins in the text of the list, behind white space. 0 when there is no such element. */
export function elementOffset(list: string, index: number, separators: RegExp): number {
  let offset = 0
  let rest = list
  for (let i = 0; i < index; i++) {
    const separator = separators.exec(rest)
    if (separator === null) return 0
    const skip = separator.index + separator[0].length
    offset += skip
    rest = rest.slice(skip)
  }
  return offset + /^[ \t\v\f\r]*/.exec(rest)![0].length
}
