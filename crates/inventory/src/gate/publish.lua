-- Sets a pool's free count unless the key has this version or a newer one. Expires after ARGV[3] ms.
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) >= tonumber(ARGV[1]) then
    return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'free', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
