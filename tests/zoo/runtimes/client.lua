local s = require('socket').tcp()
s:settimeout(tonumber(arg[3]))
local connected, wrong = s:connect(arg[1], arg[2])
print(connected and s:receive(5) or wrong)
