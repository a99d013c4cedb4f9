-- Takes units from a pool's free count, or with ARGV[2] = '1' only compares.
-- -1: the count is missing; 0: not enough; 1: taken, or enough.
local free = redis.call('HGET', KEYS[1], 'free')
if not free then
    return -1
end
local units = tonumber(ARGV[1])
if tonumber(free) < units then
    return 0
end
if ARGV[2] ~= '1' then
    redis.call('HINCRBY', KEYS[1], 'free', -units)
end
return 1
