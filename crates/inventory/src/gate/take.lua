-- Takes units from a pool's free count, or (ARGV[2] = '1') only asks whether it could.
-- -1: the count is not known here; 0: not enough; 1: taken.
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
