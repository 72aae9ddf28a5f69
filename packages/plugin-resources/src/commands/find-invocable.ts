import type { CommandResource, ResourceOrigin, ResourceSnapshot, SkillResource } from '@halter/core'

/** What a name stands for. */
export type Invocable =
  | { readonly kind: 'command'; readonly resource: CommandResource }
  | { readonly kind: 'skill'; readonly resource: SkillResource }

/** The command of a name, or else the skill, if users may call it. `plugin:name` also finds what is called `name` alone. */
export function findInvocable(name: string, { commands, skills }: ResourceSnapshot): Invocable | undefined {
  const command = findNamed(name, commands)
  if (command) return { kind: 'command', resource: command }
  const skill = findNamed(
    name,
    skills.filter(({ userInvocable }) => userInvocable !== false),
  )
  return skill && { kind: 'skill', resource: skill }
}

/** Finds a resource by its name, or by that of its plugin and its own. */
export function findNamed<R extends ResourceOrigin & { readonly name: string }>(
  name: string,
  resources: readonly R[],
): R | undefined {
  return (
    resources.find((each) => each.name === name) ??
    resources.find((each) => each.plugin !== undefined && `${each.plugin.name}:${each.name}` === name)
  )
}

/** The names that users can call. */
export function invocableNames({ commands, skills }: ResourceSnapshot): readonly string[] {
  const names = [...commands, ...skills.filter(({ userInvocable }) => userInvocable !== false)].map(
    ({ name }) => name,
  )
  return [...new Set(names)]
}

/** The name that somebody may have meant: at most a third of its letters are others. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const each of names) {
    // The name alone may be meant, without the plugin's.
    const distance = Math.min(distanceOf(name, each), distanceOf(name, each.split(':').at(-1)!))
    if (distance < least) [nearest, least] = [each, distance]
  }
  return nearest
}

/** Letters to add, remove, change or swap with a neighbour. */
function distanceOf(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : Infinity
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1), swapped)
    }
  }
  return at(a.length, b.length)
}
