import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { definePlugin, HalterError, halterHome, type ApprovalRequest, type Plugin } from '@halter/core'

/** What somebody has allowed for good: calls of a tool with this scope, in a folder or, without one, everywhere. */
export interface ApprovalRule {
  readonly tool: string
  readonly scope: string
  /** Absolute: of sessions that work there. Absent: of all. */
  readonly folder?: string
}

/**
 * The rules that "always" has made, in `approvals.json` of halter's own folder: those of a project, too, so that no project can bring
 * rules of its own. Read anew at every question, because another process may have added one, or its owner taken one out.
 */
export class ApprovalRules {
  /** Absolute. */
  readonly file: string

  constructor(home: string = halterHome()) {
    this.file = join(home, 'approvals.json')
  }

  /** Nothing is allowed by a file that is not there. @throws HalterError `ERR_CONFIG` when it cannot be understood. */
  read(): readonly ApprovalRule[] {
    let text
    try {
      text = readFileSync(this.file, 'utf8')
    } catch {
      return []
    }
    const rules = parse(text)
    if (rules) return rules
    throw new HalterError(
      'ERR_CONFIG',
      `${this.file} holds what was always allowed, and cannot be understood, so nothing is. Correct it, or remove it.`,
    )
  }

  /** The rule that covers a call; undefined: there is none. */
  find(
    { name, scope }: Pick<ApprovalRequest, 'name' | 'scope'>,
    workingDir: string,
  ): ApprovalRule | undefined {
    return this.read().find(
      (rule) => rule.tool === name && rule.scope === scope && (rule.folder ?? workingDir) === workingDir,
    )
  }

  /** Keeps a rule. The file is replaced in one step, and only its owner may read it. */
  add(rule: ApprovalRule): void {
    const rules = this.read().filter((each) => !isSame(each, rule))
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 })
    const next = `${this.file}.${randomUUID()}`
    writeFileSync(next, `${JSON.stringify({ rules: [...rules, rule] }, undefined, 2)}\n`, { mode: 0o600 })
    renameSync(next, this.file)
  }
}

/** Answers questions that a kept rule covers, so that nobody is asked again. A guard that denies still denies. */
export function keptApprovals(rules: ApprovalRules): Plugin {
  return definePlugin({
    name: 'halter/kept-approvals',
    apiVersion: 1,
    setup({ hooks }) {
      hooks.tap('approval.guard', (request, { session }) => {
        const rule = rules.find(request, session.blueprint.workingDir)
        if (!rule) return undefined
        return { allow: `always allowed ${rule.folder === undefined ? 'everywhere' : 'in this folder'}` }
      })
      return {}
    },
  })
}

function isSame(a: ApprovalRule, b: ApprovalRule): boolean {
  return a.tool === b.tool && a.scope === b.scope && a.folder === b.folder
}

function parse(text: string): readonly ApprovalRule[] | undefined {
  try {
    const { rules } = JSON.parse(text) as { readonly rules?: unknown }
    return Array.isArray(rules) && rules.every(isRule) ? rules : undefined
  } catch {
    return undefined
  }
}

function isRule(value: unknown): value is ApprovalRule {
  if (typeof value !== 'object' || value === null) return false
  const { tool, scope, folder } = value as Partial<Record<keyof ApprovalRule, unknown>>
  return (
    typeof tool === 'string' &&
    typeof scope === 'string' &&
    (folder === undefined || typeof folder === 'string')
  )
}
