// Preloaded into every example: whatever tries to reach a network fails there and then.
import dns from 'node:dns'
import net from 'node:net'

function refuse() {
  throw new Error('An example tried to reach the network.')
}
net.Socket.prototype.connect = refuse
dns.lookup = refuse
dns.promises.lookup = refuse
