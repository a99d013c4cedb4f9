-- Gives back units that the command did not take. -1: the count is missing, and stays so.
if redis.call('EXISTS', KEYS[1]) == 0 then
    return -1
end
return redis.call('HINCRBY', KEYS[1], 'free', ARGV[1])
