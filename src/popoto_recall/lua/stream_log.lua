-- Append an entry to an event stream, as far as it can be done: what it tells of has happened.
-- KEYS[1]   stream   stream
-- ARGV[1]   longest  integer  about how many entries the stream keeps
-- ARGV[2i]   name    string   of the i-th field
-- ARGV[2i+1] value   string   of it
-- Returns   integer, 0.
redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
return 0
