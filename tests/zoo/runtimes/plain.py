import socket, sys
try:
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), int(sys.argv[3])).recv(5))
except OSError as error:
    print(error)
