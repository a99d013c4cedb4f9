-- Gives units back that were taken in vain. An unknown count stays unknown.
if redis.call('EXISTS', KEYS[1]) == 0 then
    return -1
end
return redis.call('HINCRBY', KEYS[1], 'free', ARGV[1])
