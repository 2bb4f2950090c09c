-- Append an entry to an event stream, as far as it can be done: what it tells of has happened.
-- KEYS[1]   stream   stream
-- KEYS[2]   record   any      if it happened only if this record exists
-- KEYS[3]   record   any      if it happened only if this one exists, too
-- ARGV[1]   longest  integer  about how many entries the stream keeps
-- ARGV[2i]   name    string   of the i-th field
-- ARGV[2i+1] value   string   of it
-- Returns   integer, 0.
if #KEYS == 3 and redis.call('EXISTS', KEYS[2], KEYS[3]) < 2 then return 0 end
redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
return 0
