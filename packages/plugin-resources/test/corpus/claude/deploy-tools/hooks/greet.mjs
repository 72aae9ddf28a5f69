// Tells the model, when a session starts, which services there are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

let input = ''
for await (const chunk of process.stdin) input += chunk
const { source } = JSON.parse(input)
const services = readFileSync(join(process.env.CLAUDE_PLUGIN_ROOT, 'templates/services.txt'), 'utf8')
const additionalContext = `Services (${source}): ${services.trim().split('\n').join(', ')}`
console.log(JSON.stringify({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext } }))
