[host, port, seconds] = System.argv()
case :gen_tcp.connect(String.to_charlist(host), String.to_integer(port), [:binary, active: false], String.to_integer(seconds) * 1000) do
  {:ok, s} -> IO.inspect(:gen_tcp.recv(s, 5))
  wrong -> IO.inspect(wrong)
end
