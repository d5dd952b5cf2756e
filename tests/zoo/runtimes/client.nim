import net, os, strutils
try:
  let s = newSocket()
  s.connect(paramStr(1), Port(parseInt(paramStr(2))), parseInt(paramStr(3)) * 1000)
  echo s.recv(5)
except TimeoutError:
  echo "timed out"
except OSError as wrong:
  echo wrong.errorCode
