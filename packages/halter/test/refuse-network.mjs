// Preloaded: whatever tries to reach a network, or loads what could, is told on stderr and fails.
import dns from 'node:dns'
import { registerHooks } from 'node:module'
import net from 'node:net'

function refuse() {
  process.stderr.write('It tried to reach the network.\n')
  throw new Error('It tried to reach the network.')
}
net.Socket.prototype.connect = refuse
dns.lookup = refuse
dns.promises.lookup = refuse
globalThis.fetch = refuse
registerHooks({
  load(url, context, next) {
    if (url.includes('/node_modules/@ai-sdk/')) process.stderr.write(`It loaded ${url}.\n`)
    return next(url, context)
  },
})
