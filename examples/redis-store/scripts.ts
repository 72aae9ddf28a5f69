// What Redis does at once, in its own language. Each answers { outcome, head }.

/** Keys: session, log, index, children of the parent. Arguments: member, commit id, summary, time, has a parent, event… */
export const CREATE = `
local taken = redis.call('HMGET', KEYS[1], 'commitId', 'head')
if taken[1] == ARGV[2] then return {'ok', tonumber(taken[2])} end
if taken[2] then return {'exists', tonumber(taken[2])} end
for i = 6, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
redis.call('HSET', KEYS[1], 'head', #ARGV - 5, 'commitId', ARGV[2], 'summary', ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
if ARGV[5] ~= '' then redis.call('SADD', KEYS[4], ARGV[1]) end
return {'ok', #ARGV - 5}
`

/** Keys: session, log, index, fence. Arguments: member, commit id, expected head, summary, time, checkpoint, fence, event… */
export const COMMIT = `
local now = redis.call('HMGET', KEYS[1], 'commitId', 'head')
if not now[2] then return {'unknown', 0} end
local head = tonumber(now[2])
if now[1] == ARGV[2] then return {'ok', head} end
if ARGV[7] ~= '' and tonumber(redis.call('GET', KEYS[4]) or 0) > tonumber(ARGV[7]) then return {'fenced', head} end
if head ~= tonumber(ARGV[3]) then return {'conflict', head} end
for i = 8, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
head = head + #ARGV - 7
redis.call('HSET', KEYS[1], 'head', head, 'commitId', ARGV[2])
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'summary', ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[1])
end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'checkpoint', ARGV[6]) end
return {'ok', head}
`

/** Keys: lease, fence. Arguments: the text that is there ('' for none), the new lease. The text is the fence, then the lease. */
export const TAKE_LEASE = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return false end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], fence .. ' ' .. ARGV[2])
return fence
`

/** Keys: lease. Arguments: the text that is there, the new one or ''. Answers 1 when it was that one. */
export const REPLACE_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
`
