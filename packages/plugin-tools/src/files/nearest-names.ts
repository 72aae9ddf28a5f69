/** Up to three of `names` that somebody who wrote `wanted` may have meant, nearest first. */
export function nearestNames(wanted: string, names: readonly string[]): string[] {
  const stem = stemOf(wanted)
  const farthest = Math.max(2, Math.floor(wanted.length / 3))
  return names
    .filter((name) => stemOf(name) === stem || Math.abs(name.length - wanted.length) <= farthest)
    .slice(0, 1000)
    .map((name) => ({ name, distance: stemOf(name) === stem ? 0 : distance(wanted, name) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name)
}

/** A name without its last ending, in lower case: `Config.json` and `config.yaml` are near. */
function stemOf(name: string): string {
  return name.toLowerCase().replace(/\.[^.]*$/, '')
}

/** Insertions, deletions and replacements between two names, of which at most 64 characters are compared. */
function distance(a: string, b: string): number {
  const [left, right] = [a.toLowerCase().slice(0, 64), b.toLowerCase().slice(0, 64)]
  let row = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)))
    row = next
  }
  return row[right.length]!
}
