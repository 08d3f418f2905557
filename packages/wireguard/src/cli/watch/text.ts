/** Returns milliseconds as text of at most nine characters: `2m 5s`. */
export function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit))
  if (hours === 0) return `${minutes}m ${seconds % 60}s`
  if (days === 0) return `${hours}h ${minutes! % 60}m`
  return days! < 1000 ? `${days}d ${hours! % 24}h` : `${days}d`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Returns bytes as text of at most nine characters: `1023 KiB`, `1.2 MiB`. */
export function amount(bytes: number): string {
  let value = bytes
  let i = 0
  while (value >= 999.5 && i < UNITS.length - 1) {
    value /= 1024
    i++
  }
  const digits = i === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[i]!}`
}

/** Returns at most so many characters; `~` stands for those that are missing. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text
  const characters = Array.from(text)
  if (characters.length <= width) return text
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}~`
}
