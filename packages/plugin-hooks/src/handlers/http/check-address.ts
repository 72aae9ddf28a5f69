import type { LookupAddress } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import type { HandlerNetwork } from '../../hook-handler.ts'

/** What an address is part of; undefined: the public network. */
type Zone = 'loopback' | 'private' | 'reserved'

/** IANA's registries of special-purpose addresses, as far as something can answer there. */
const ZONES: readonly (readonly [Zone, BlockList])[] = [
  ['loopback', blockList(['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'])],
  // Link-local is where clouds keep the credentials of a machine; nothing that hooks should call lives there.
  [
    'reserved',
    blockList([
      '169.254.0.0/16',
      'fe80::/10',
      'fd00:ec2::/32',
      '192.0.0.0/24',
      '224.0.0.0/3',
      'ff00::/8',
      '::/96',
      '100.100.100.200/32',
    ]),
  ],
  [
    'private',
    blockList([
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10',
      '198.18.0.0/15',
      'fc00::/7',
      'fec0::/10',
      '64:ff9b:1::/48',
    ]),
  ],
]
/** Prefixes behind which an IPv4 address stands: mapped, NAT64, 6to4. */
const EMBEDDED = /^(?:::ffff:|64:ff9b::|2002:)/i

/** Why a hook may not call an address; undefined: it may. */
export function addressProblem(address: string, network: HandlerNetwork): string | undefined {
  const zone = zoneOf(address)
  if (zone === undefined) return undefined
  if (zone === 'loopback' && network.allowLoopback) return undefined
  if (zone === 'private' && network.allowPrivate) return undefined
  if (zone === 'reserved') return `${address} is no address that a hook may call`
  const option = zone === 'loopback' ? 'allowLoopback' : 'allowPrivate'
  return `${address} is on ${zone === 'loopback' ? 'this machine' : 'a private network'}, and ${option} is not set`
}

/** Why none of a name's addresses may be called. One that is refused spoils the name: which of them is taken is not ours to say. */
export function namesProblem(
  addresses: readonly LookupAddress[],
  network: HandlerNetwork,
): string | undefined {
  for (const { address } of addresses) {
    const problem = addressProblem(address, network)
    if (problem !== undefined) return problem
  }
  return undefined
}

function zoneOf(address: string): Zone | undefined {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const zone = ZONES.find(([, list]) => list.check(address, family))?.[0]
  if (zone !== undefined || family === 'ipv4' || !EMBEDDED.test(address)) return zone
  const inner = embeddedAddress(address)
  return inner === undefined ? 'reserved' : zoneOf(inner)
}

/** The IPv4 address inside a mapped, NAT64 or 6to4 one. */
function embeddedAddress(address: string): string | undefined {
  const groups = expand(address)
  if (!groups) return undefined
  const [high, low] = groups[0] === 0x2002 ? [groups[1]!, groups[2]!] : [groups[6]!, groups[7]!]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight groups of an IPv6 address. */
function expand(address: string): readonly number[] | undefined {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const text = dotted ? `${dotted[1]}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}` : address
  const [head = '', tail] = text.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return groups.length === 8 ? groups.map((group) => Number.parseInt(group, 16)) : undefined
}

function hex(high: string, low: string): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [net = '', prefix] = subnet.split('/')
    list.addSubnet(net, Number(prefix), isIP(net) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}
