"""fetch.py COUNT HOST PORT: so many HTTP requests at once in asyncio, each on a connection of its own; what came of them."""
import asyncio
import collections
import sys


async def fetch(host, port):
    try:
        reader, writer = await asyncio.open_connection(host, port)
        assert writer.get_extra_info("peername")[:2] == (host, port)
        writer.write(b"GET /hello HTTP/1.0\r\n\r\n")
        reply = await reader.read()
        writer.close()
        return reply.split(b"\r\n\r\n")[1].decode().strip()
    except OSError as error:
        return type(error).__name__


async def main(count, host, port):
    replies = await asyncio.gather(*(fetch(host, port) for _ in range(count)))
    for reply, times in sorted(collections.Counter(replies).items()):
        print(times, reply)


asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
