import asyncio, sys

async def main(host, port, seconds):
    reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), seconds)
    print(await reader.read(5))

try:
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
except (OSError, asyncio.TimeoutError) as error:
    print("refused" if isinstance(error, OSError) and not isinstance(error, TimeoutError) else "timed out")
