import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Select COUNT HOST PORT: so many connections in one selector, each fetches /hello; what came of them. */
public class Select {
    public static void main(String[] words) throws Exception {
        int count = Integer.parseInt(words[0]);
        InetSocketAddress target = new InetSocketAddress(words[1], Integer.parseInt(words[2]));
        Map<String, Integer> results = new TreeMap<>();
        Selector selector = Selector.open();

        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open();
            channel.configureBlocking(false);
            channel.connect(target);
            channel.register(selector, SelectionKey.OP_CONNECT, new StringBuilder());
        }
        for (int left = count; left > 0;) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                String result = step(key);
                if (result != null) {
                    results.merge(result, 1, Integer::sum);
                    left--;
                }
            }
            selector.selectedKeys().clear();
        }
        results.forEach((result, times) -> System.out.println(times + " " + result));
    }

    private static String step(SelectionKey key) throws Exception {
        SocketChannel channel = (SocketChannel) key.channel();
        StringBuilder reply = (StringBuilder) key.attachment();
        ByteBuffer bytes = ByteBuffer.allocate(4096);

        try {
            if (key.isConnectable() && channel.finishConnect()) {
                channel.write(ByteBuffer.wrap("GET /hello HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
                key.interestOps(SelectionKey.OP_READ);
            } else if (key.isReadable() && channel.read(bytes) < 0) {
                channel.close();
                return reply.substring(reply.indexOf("\r\n\r\n") + 4).trim();
            } else {
                reply.append(new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII));
            }
        } catch (java.io.IOException error) {
            channel.close();
            return error.toString();
        }
        return null;
    }
}
