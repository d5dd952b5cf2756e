import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.*;

public class Channel {
    public static void main(String[] words) throws Exception {
        Selector selector = Selector.open();
        SocketChannel s = SocketChannel.open();
        s.configureBlocking(false);
        try {
            s.connect(new InetSocketAddress(words[0], Integer.parseInt(words[1])));
            s.register(selector, SelectionKey.OP_CONNECT);
            if (selector.select(Integer.parseInt(words[2]) * 1000) == 0) {
                System.out.println("timed out");
                return;
            }
            s.finishConnect();
            s.keyFor(selector).interestOps(SelectionKey.OP_READ);
            selector.select();
            ByteBuffer said = ByteBuffer.allocate(5);
            s.read(said);
            System.out.println(new String(said.array()));
        } catch (java.io.IOException wrong) {
            System.out.println(wrong);
        }
    }
}
