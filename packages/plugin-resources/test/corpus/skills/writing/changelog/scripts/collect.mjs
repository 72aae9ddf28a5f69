import { execFileSync } from 'node:child_process'

process.stdout.write(execFileSync('git', ['log', '--format=- %s']))
