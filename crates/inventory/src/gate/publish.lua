-- Sets a pool's free count as of a version, unless a newer one is known. It lives a second.
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) >= tonumber(ARGV[1]) then
    return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'free', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
