import sys, trio

async def main(host, port, seconds):
    with trio.fail_after(seconds):
        stream = await trio.open_tcp_stream(host, port)
        print(await stream.receive_some(5))

try:
    trio.run(main, sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
except (OSError, trio.TooSlowError) as error:
    print(type(error).__name__)
