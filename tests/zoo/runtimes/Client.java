import java.net.InetSocketAddress;
import java.net.Socket;

public class Client {
    public static void main(String[] words) throws Exception {
        try (Socket s = new Socket()) {
            s.connect(new InetSocketAddress(words[0], Integer.parseInt(words[1])), Integer.parseInt(words[2]) * 1000);
            System.out.println(new String(s.getInputStream().readNBytes(5)));
        } catch (java.io.IOException wrong) {
            System.out.println(wrong);
        }
    }
}
